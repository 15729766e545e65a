"""Infer requests on their way to the version that answers."""

from trimtab_stages.serve.call import Aftermath, Asked, Call, Failure, try_former
from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.infer_exchange import InferExchange
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.routing import Routing


class IdSource:
    """Inference ids for requests without one: unique over pods and restarts."""

    def __init__(self, pod: str, start_ns: int) -> None:
        self._prefix = f"{pod}-{start_ns:x}-"
        self._count = 0

    def next(self) -> str:
        """Return a new id."""
        self._count += 1
        return f"{self._prefix}{self._count:x}"


class Inference:
    """Reads infer requests and hands each to a version."""

    def __init__(self, limits: Limits, ids: IdSource, aftermath: Aftermath) -> None:
        self._limits = limits
        self._ids = ids
        self._aftermath = aftermath

    def start(self, exchange: InferExchange, routing: Routing, version_name: str | None) -> None:
        """Read a request and queue it; the answer follows in this turn of the loop or later.

        Raises:
            RequestError: the request is refused.
        """
        only = routing.only
        if only is not None and version_name is None:
            known = exchange.read_known(only.reader)
            if known is not None:
                asked = Asked(exchange, routing, None, self._ids.next())
                Call(self._aftermath, asked, only, known).submit()
                return
        client_id = exchange.read_id(self._limits)
        inference_id = client_id or self._ids.next()
        version = routing.version(version_name) if version_name else routing.choose(inference_id)
        asked = Asked(exchange, routing, client_id, inference_id, named=bool(version_name))
        try:
            parsed = exchange.read(version.reader)
        except RequestError as error:
            left = try_former(self._aftermath, asked, Failure(version, error))
            if left is not None:
                raise left from None
            return
        Call(self._aftermath, asked, version, parsed).submit()

    def note_refused(self, error: RequestError) -> None:
        """Count a request that is answered with an error at once."""
        self._aftermath.statistics.refused[error.code] += 1
