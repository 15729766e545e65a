"""Trimtab's data plane: contracts, storage, stages, drift statistics and the model server."""
