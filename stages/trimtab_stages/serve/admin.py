"""The operator's port: plan state, metrics and health, apart from the requests of clients."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from trimtab_stages.contract.serving_plan import VersionState
from trimtab_stages.serve.errors import MethodNotAllowedError, NotFoundError
from trimtab_stages.serve.http.exchange import Exchange
from trimtab_stages.serve.http.message import HttpResponse, json_response
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.statistics import Statistics


class AdminApplication:
    """Answers `/plan`, `/metrics`, `/livez` (also `/healthz`) and `/readyz`."""

    def __init__(
        self,
        follower: PlanFollower,
        statistics: Statistics,
        registry: CollectorRegistry,
        is_ready: Callable[[], bool],
    ) -> None:
        self._follower = follower
        self._statistics = statistics
        self._registry = registry
        self._is_ready = is_ready
        self._pages: dict[bytes, Callable[[], HttpResponse]] = {
            b"/plan": self._plan,
            b"/metrics": self._metrics,
            b"/livez": self._health,
            b"/healthz": self._health,
            b"/readyz": self._readiness,
        }

    def __call__(self, exchange: Exchange) -> None:
        """Answer a request; raises `RequestError`."""
        page = self._pages.get(exchange.request.head.target.partition(b"?")[0])
        if page is None:
            raise NotFoundError("no such page; there are /plan, /metrics, /livez and /readyz")
        if exchange.request.head.method not in {b"GET", b"HEAD"}:
            raise MethodNotAllowedError("GET, HEAD")
        exchange.answer(page())

    def _plan(self) -> HttpResponse:
        state = self._follower.state()
        versions = [self._counted(version) for version in state.versions]
        said = state.model_copy(update={"ready": self._is_ready(), "versions": versions})
        return HttpResponse(200, said.model_dump_json(by_alias=True).encode())

    def _counted(self, state: VersionState) -> VersionState:
        """Return a version's state with what it did in this process."""
        routing = self._follower.routing
        served = routing.served(state.digest) if routing is not None else None
        if served is None:
            return state
        counts = self._statistics.of(served.name).counts(served.batcher.times.read())
        return state.model_copy(update={"counts": counts})

    def _metrics(self) -> HttpResponse:
        page = generate_latest(self._registry)
        return HttpResponse(200, page, CONTENT_TYPE_LATEST.encode())

    def _health(self) -> HttpResponse:
        return json_response(200, {"live": True})

    def _readiness(self) -> HttpResponse:
        ready = self._is_ready()
        return json_response(200 if ready else 503, {"ready": ready})
