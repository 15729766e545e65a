"""Trains the network: deterministic, checkpointed after every epoch, resumed bit for bit."""
