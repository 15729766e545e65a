"""Variables that every Ray process of a run starts with. Ray reads them when it is imported."""

RAY_VARIABLES = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray makes its workers yield to everything else; in a pod the worker is what the pod is for.
    "RAY_worker_niceness": "0",
    # A run has one actor; Ray would start an idle worker for each CPU, 1 s and 50 MB each.
    "RAY_prestart_worker_first_driver": "0",
    # How long a worker waits for a head that is gone, seconds.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",
}
