"""What the protocol's ports ask for, and the HTTP port's routes to it."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab_stages.serve.errors import (
    MethodNotAllowedError,
    NotFoundError,
    NotReadyError,
    RequestError,
    UnsupportedMediaError,
)
from trimtab_stages.serve.http.content import read_body, read_header_length
from trimtab_stages.serve.http.exchange import Exchange
from trimtab_stages.serve.http.infer import HttpInfer
from trimtab_stages.serve.http.message import HttpResponse, json_response
from trimtab_stages.serve.http.routes import POSTED, Action, Route, route_of
from trimtab_stages.serve.infer_exchange import InferExchange
from trimtab_stages.serve.inference import Inference
from trimtab_stages.serve.observe.feedback import FeedbackBuffer, read_labels
from trimtab_stages.serve.oip import metadata
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import short_name

KNOWN_TARGETS = 1024
"""Targets whose routes are kept; clients repeat a handful."""

Handler = Callable[[Exchange, Route], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request target, resolved.

    Attributes:
        route: what it asks for.
        methods: methods that its handler answers.
        handler: answers it.
    """

    route: Route
    methods: frozenset[bytes]
    handler: Handler


class InferenceApplication:
    """Answers the requests of the protocol's ports.

    Attributes:
        draining: the server is going down: readiness says so, requests are still answered.
    """

    def __init__(
        self,
        follower: PlanFollower,
        inference: Inference,
        feedback: FeedbackBuffer,
        server_version: str,
        body_limit: int,
    ) -> None:
        self._follower = follower
        self._inference = inference
        self._feedback = feedback
        self._server_version = server_version
        self._body_limit = body_limit
        self._endpoints: dict[bytes, Endpoint] = {}
        self._handlers: dict[Action, Handler] = {
            Action.SERVER_LIVE: self._server_live,
            Action.SERVER_READY: self._server_ready,
            Action.SERVER_METADATA: self._server_metadata,
            Action.MODEL_METADATA: self._model_metadata,
            Action.MODEL_READY: self._model_ready,
            Action.INFER: self._infer,
            Action.FEEDBACK: self._take_feedback,
        }
        self.draining = False

    @property
    def ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self._follower.ready and not self.draining

    def infer(self, exchange: InferExchange, model: str, version: str | None) -> None:
        """Start the answer to an infer request; raises `RequestError`."""
        self._inference.start(exchange, self._routing(model), version)

    def server_metadata(self) -> dict[str, object]:
        """Return name, version and extensions."""
        return metadata.server_metadata(self._server_version)

    def model_metadata(self, model: str, version: str | None) -> dict[str, object]:
        """Return versions, inputs and outputs of a model; raises `RequestError`."""
        routing = self._routing(model)
        served = routing.version(version) if version else routing.champion
        names = [short_name(planned.digest) for planned in routing.plan.versions]
        return metadata.model_metadata(routing.plan.model, names, served.model.signature)

    def model_ready(self, model: str, version: str | None) -> bool:
        """Return whether a model answers; raises `NotFoundError`."""
        try:
            routing = self._routing(model)
            if version:
                routing.version(version)
        except NotReadyError:
            return False
        return self.ready

    def note_refused(self, error: RequestError) -> None:
        """Count a request that is answered with an error at once."""
        self._inference.note_refused(error)

    def __call__(self, exchange: Exchange) -> None:
        """Answer a request; raises `RequestError`."""
        try:
            head = exchange.request.head
            endpoint = self._endpoints.get(head.target) or self._resolve(head.target)
            if head.method in endpoint.methods:
                endpoint.handler(exchange, endpoint.route)
                return
            allowed = ", ".join(endpoint.route.methods)
            if head.method != b"OPTIONS":
                raise MethodNotAllowedError(allowed)
            exchange.answer(HttpResponse(204, headers=b"allow: %b\r\n" % allowed.encode()))
        except RequestError as error:
            self.note_refused(error)
            raise

    def _resolve(self, target: bytes) -> Endpoint:
        route = route_of(target)
        methods = frozenset({b"POST"} if route.action in POSTED else {b"GET", b"HEAD"})
        endpoint = Endpoint(route, methods, self._handlers[route.action])
        if len(self._endpoints) >= KNOWN_TARGETS:
            self._endpoints.clear()
        self._endpoints[target] = endpoint
        return endpoint

    def _server_live(self, exchange: Exchange, _: Route) -> None:
        exchange.answer(json_response(200, metadata.server_live()))

    def _server_ready(self, exchange: Exchange, _: Route) -> None:
        status = 200 if self.ready else 503
        exchange.answer(json_response(status, metadata.server_ready(ready=self.ready)))

    def _server_metadata(self, exchange: Exchange, _: Route) -> None:
        exchange.answer(json_response(200, self.server_metadata()))

    def _model_metadata(self, exchange: Exchange, route: Route) -> None:
        exchange.answer(json_response(200, self.model_metadata(route.model, route.version)))

    def _model_ready(self, exchange: Exchange, route: Route) -> None:
        ready = self.model_ready(route.model, route.version)
        document = metadata.model_ready(route.model, ready=ready)
        exchange.answer(json_response(200 if ready else 503, document))

    def _infer(self, exchange: Exchange, route: Route) -> None:
        routing = self._routing(route.model)
        self._inference.start(HttpInfer(exchange, self._body_limit), routing, route.version)

    def _take_feedback(self, exchange: Exchange, route: Route) -> None:
        routing = self._routing(route.model)
        request = exchange.request
        if read_header_length(request) is not None:
            raise UnsupportedMediaError("feedback is JSON; leave Inference-Header-... out")
        body = read_body(request, self._body_limit)
        labels = read_labels(body, routing.champion.plan.classes)
        self._feedback.add(labels, request.received_ns)
        exchange.answer(json_response(202, {"accepted": len(labels)}))

    def _routing(self, model: str) -> Routing:
        """Return what answers for a model."""
        plan = self._follower.plan
        routing = self._follower.routing
        if plan is None:
            raise NotReadyError("no serving plan yet; the operator writes it")
        if model != plan.model:
            raise NotFoundError("no such model; this server serves one, named in its plan")
        if routing is None:
            raise NotReadyError("the model is being loaded; try again shortly")
        return routing
