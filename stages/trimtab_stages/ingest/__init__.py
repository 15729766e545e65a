"""Ingestion: explicit rules turn raw rows into an immutable, content-addressed snapshot.

One rule family is one module. `run` is the entry; `features` is also for clients, who compute the
lags, slopes and calendar features of a request with the very code that made the training rows.
"""
