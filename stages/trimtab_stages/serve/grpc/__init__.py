"""gRPC on grpc.aio: calls, limits, health and reflection; nothing of models."""

import os

# The server's only children run another program at once, and gRPC's fork handlers would log that
# they cannot help. Read when grpc is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
