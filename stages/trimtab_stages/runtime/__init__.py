"""Runs stages: reads the specification, walks and caches, checkpoints, commits, forms Ray clusters.

Nothing here knows what a stage computes, and no stage knows how its process was started.
"""
