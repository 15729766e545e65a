"""grpc.health.v1: what Kubernetes' gRPC probes and load-balancing clients ask."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from trimtab_stages.serve.oip.descriptors import SERVICE

SERVICE_NAME = "grpc.health.v1.Health"
DESCRIPTOR = health_pb2.DESCRIPTOR

WATCH_SECONDS = 0.5
"""How often a watched status is looked at."""

Context = grpc.aio.ServicerContext[Any, Any]


class Health:
    """Serving when the server is ready; the empty name stands for the whole server."""

    def __init__(self, is_ready: Callable[[], bool]) -> None:
        self._is_ready = is_ready

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the service's handler."""
        codec = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check, **codec),
                "Watch": grpc.unary_stream_rpc_method_handler(self._watch, **codec),
            },
        )

    async def _check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:
        """Return the status once; NOT_FOUND for an unknown service."""
        status = self._status_of(request.service)
        if status == HealthCheckResponse.SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return HealthCheckResponse(status=status)

    async def _watch(self, request: HealthCheckRequest, context: Context) -> None:
        """Send the status at once and whenever it changes."""
        sent: int | None = None
        while True:
            status = self._status_of(request.service)
            if status != sent:
                await context.write(HealthCheckResponse(status=status))
                sent = status
            await asyncio.sleep(WATCH_SECONDS)

    def _status_of(self, service: str) -> int:
        if service not in {"", SERVICE}:
            return int(HealthCheckResponse.SERVICE_UNKNOWN)
        ready = self._is_ready()
        return int(HealthCheckResponse.SERVING if ready else HealthCheckResponse.NOT_SERVING)
