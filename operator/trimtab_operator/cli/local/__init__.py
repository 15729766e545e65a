"""Datasets and Pipelines on this machine: the pods' own entry points as child processes."""
