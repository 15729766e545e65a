"""Whole kinds, listed once for all reconciles of a moment.

Who decides about one of many looks at the others. If each of a hundred that are due at once listed
all of them, the work would grow with the square of their number.

What is served is never older than an event that has come, or than a write of this process that was
answered, and it is listed anew after a moment, and where the answer to a write was lost. So a
reconcile sees what it would see if it listed by itself, but for changes that nobody has told yet,
and those make it due again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.list_cache import ListCache
from trimtab_operator.cluster.resources import DRIFT_MONITORS, MODELS, Resource

SHARED = (DRIFT_MONITORS, MODELS)
Caches = Mapping[str, ListCache]
"""By kind."""


class Lister:
    """Reads all objects of a kind.

    Args:
        cluster: lists them.
        namespaces: watched ones; empty for all.
        clock: monotonic seconds.
    """

    def __init__(
        self, cluster: Cluster, namespaces: Sequence[str], clock: Callable[[], float]
    ) -> None:
        self._cluster = cluster
        self._namespaces = namespaces or ("",)
        self._clock = clock
        self._locks = {resource.kind: asyncio.Lock() for resource in SHARED}
        self.caches: Caches = {resource.kind: ListCache() for resource in SHARED}

    async def list_objects(self, resource: Resource, namespace: str = "") -> list[Manifest]:
        """Return the objects of a watched namespace, of all where empty; they must not be changed.

        Args:
            resource: one of `SHARED`.
            namespace: watched namespace.
        """
        cache = self.caches[resource.kind]
        async with self._locks[resource.kind]:
            if not cache.is_fresh(self._clock()):
                cache.begin()
                cache.fill(await self._list(resource), self._clock())
        return cache.objects(namespace)

    async def _list(self, resource: Resource) -> list[Manifest]:
        return [
            body
            for namespace in self._namespaces
            for body in await self._cluster.list_objects(resource, namespace)
        ]
