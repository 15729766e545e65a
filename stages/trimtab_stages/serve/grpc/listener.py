"""The gRPC port and the life of its calls."""

import asyncio
import contextlib
from collections.abc import Sequence

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from trimtab_stages.serve.application import InferenceApplication
from trimtab_stages.serve.grpc import health
from trimtab_stages.serve.grpc.service import InferenceService
from trimtab_stages.serve.oip.descriptors import POOL, SERVICE
from trimtab_stages.serve.settings import HttpLimits

SWEEP_SECONDS = 0.5

SETTLE_SECONDS = 0.5
"""Time for the last answers to leave, and for health watches and reflection to be cut off."""


class GrpcListener:
    """Serves the inference service, health and reflection on one port.

    Attributes:
        port: the port that is listened on.
    """

    def __init__(self, application: InferenceApplication, limits: HttpLimits) -> None:
        """Must be called on the event loop."""
        self._service = InferenceService(application, limits)
        self._server = grpc.aio.server(options=_options(limits))
        self._sweep: asyncio.TimerHandle | None = None
        self.port = 0
        checks = health.Health(lambda: application.ready)
        self._server.add_generic_rpc_handlers((_handler(self._service), checks.handler()))
        for described in (health.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
            POOL.AddSerializedFile(described.serialized_pb)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server, POOL)

    @property
    def in_flight(self) -> int:
        """Infer calls without an answer."""
        return self._service.in_flight

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            raise OSError(f"cannot listen on {address}; choose another --grpc-port") from None
        await self._server.start()
        self._schedule_sweep(asyncio.get_running_loop())

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let those in flight finish for at most `seconds`, end the rest."""
        stopping = asyncio.create_task(self._server.stop(seconds))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._service.wait_idle()
        await self._server.stop(SETTLE_SECONDS)
        await stopping
        if self._sweep is not None:
            self._sweep.cancel()

    def _schedule_sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._service.sweep(loop.time())
        self._sweep = loop.call_later(SWEEP_SECONDS, self._schedule_sweep, loop)


def _handler(service: InferenceService) -> grpc.GenericRpcHandler:
    methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(behaviour)
        for name, behaviour in service.behaviours().items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _options(limits: HttpLimits) -> Sequence[tuple[str, int]]:
    """Return channel arguments; what gRPC does by default is not what the HTTP port does."""
    return (
        ("grpc.max_receive_message_length", limits.body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.absolute_max_metadata_size", limits.head_bytes),
        ("grpc.max_connection_idle_ms", int(limits.idle_seconds * 1000)),
        ("grpc.so_reuseport", 0),
    )
