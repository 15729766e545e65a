"""From a snapshot's columns to the network's inputs, by explicit and measured levers.

Everything is fitted on the training split alone and executes again inside the exported graph.
"""
