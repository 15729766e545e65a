"""`inference.GRPCInferenceService`: the protocol's six calls."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import grpc
from google.protobuf.json_format import ParseDict

from trimtab_stages.serve.application import InferenceApplication
from trimtab_stages.serve.errors import (
    InferenceFailedError,
    OverloadedError,
    RequestError,
)
from trimtab_stages.serve.grpc.infer import GrpcInfer
from trimtab_stages.serve.grpc.status import status_of, trailers_of
from trimtab_stages.serve.oip.message_request import read_message
from trimtab_stages.serve.oip.messages import (
    ModelInferRequest,
    ModelMetadataRequest,
    ModelMetadataResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    ServerLiveResponse,
    ServerMetadataResponse,
    ServerReadyResponse,
)
from trimtab_stages.serve.settings import HttpLimits

LOG = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[bytes, bytes]
Behaviour = Callable[[bytes, Context], Awaitable[bytes]]


class InferenceService:
    """Answers calls as bytes, so that a malformed message is the client's fault in words."""

    def __init__(self, application: InferenceApplication, limits: HttpLimits) -> None:
        self._application = application
        self._limits = limits
        self._open: set[GrpcInfer] = set()
        self._buffered_bytes = 0

    @property
    def in_flight(self) -> int:
        """Infer calls without an answer."""
        return len(self._open)

    def behaviours(self) -> dict[str, Behaviour]:
        """Return method name -> what answers it."""
        plain = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ServerMetadata": self._server_metadata,
            "ModelReady": self._model_ready,
            "ModelMetadata": self._model_metadata,
        }
        return {name: self._at_once(answer) for name, answer in plain.items()} | {
            "ModelInfer": self._model_infer
        }

    def sweep(self, now: float) -> None:
        """Time out slow answers; called about once a second with the loop's time."""
        for call in tuple(self._open):
            if now > call.deadline:
                call.expire()

    async def wait_idle(self) -> None:
        """Wait until no infer call is without an answer."""
        while self._open:
            await asyncio.wait([call.answer for call in self._open])
            await asyncio.sleep(0)  # the calls that were answered leave

    def _at_once(self, answer: Callable[[bytes], bytes]) -> Behaviour:
        async def behaviour(data: bytes, context: Context) -> bytes:
            try:
                return answer(data)
            except RequestError as error:
                self._application.note_refused(error)
                return await _abort(context, error)

        return behaviour

    def _server_live(self, _: bytes) -> bytes:
        return ServerLiveResponse(live=True).SerializeToString()

    def _server_ready(self, _: bytes) -> bytes:
        return ServerReadyResponse(ready=self._application.ready).SerializeToString()

    def _server_metadata(self, _: bytes) -> bytes:
        document = self._application.server_metadata()
        return ParseDict(document, ServerMetadataResponse()).SerializeToString()

    def _model_ready(self, data: bytes) -> bytes:
        request = read_message(ModelReadyRequest, data)
        ready = self._application.model_ready(request.name, request.version or None)
        return ModelReadyResponse(ready=ready).SerializeToString()

    def _model_metadata(self, data: bytes) -> bytes:
        request = read_message(ModelMetadataRequest, data)
        document = self._application.model_metadata(request.name, request.version or None)
        return ParseDict(document, ModelMetadataResponse()).SerializeToString()

    async def _model_infer(self, data: bytes, context: Context) -> bytes:
        try:
            call = self._start(data, context.time_remaining())
        except RequestError as error:
            self._application.note_refused(error)
            return await _abort(context, error)
        except Exception:
            LOG.exception("call failed")
            return await _abort(context, _INTERNAL)
        self._open.add(call)
        self._buffered_bytes += call.size
        try:
            return await call.answer
        except asyncio.CancelledError:
            call.leave()
            raise
        except RequestError as error:
            return await _abort(context, error)
        finally:
            self._open.discard(call)
            self._buffered_bytes -= call.size

    def _start(self, data: bytes, allowed: float | None) -> GrpcInfer:
        if self._buffered_bytes + len(data) > self._limits.buffered_bytes:
            raise OverloadedError("too much is being received; try again shortly")
        message = read_message(ModelInferRequest, data)
        call = GrpcInfer(message, len(data), self._limits.answer_seconds, allowed)
        self._application.infer(call, message.model_name, message.model_version or None)
        return call


_INTERNAL = InferenceFailedError("internal error; the server's log has the trace")


async def _abort(context: Context, error: RequestError) -> bytes:
    await context.abort(status_of(error), error.message, trailers_of(error))
    raise AssertionError("abort always raises")
