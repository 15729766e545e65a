"""The embedded single-node Kubernetes: built from source, started and stopped by one launcher.

Standard library only: it has to run before any virtual environment exists.
"""
