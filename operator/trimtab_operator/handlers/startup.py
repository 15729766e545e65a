"""How kopf is set up: it watches and delivers, and does nothing else."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import kopf

from trimtab_operator.api.base import GROUP
from trimtab_operator.cluster.login import Login
from trimtab_operator.cluster.resources import RAY_JOBS
from trimtab_operator.handlers import children, dataset, driftmonitor, model, pipeline, pipelinerun
from trimtab_operator.manifests.release import Launcher
from trimtab_operator.reconcile.inbox import Inbox

TOKEN_MINUTES = 30
"""A pod's token lives for an hour and is rotated after 80 % of it."""


@dataclass(frozen=True, slots=True)
class Backoffs:
    """Endless pauses between tries of kopf's own requests, with jitter. Iterable again and again.

    Attributes:
        random: jitter.
        base: first pause, seconds.
        cap: longest pause, seconds.
    """

    random: Random
    base: float = 1.0
    cap: float = 60.0

    def __iter__(self) -> Iterator[float]:
        """Yield pauses for ever."""
        pause = self.base
        while True:
            yield pause * self.random.uniform(0.5, 1.0)
            pause = min(self.cap, pause * 2)


def build_settings(random: Random) -> kopf.OperatorSettings:
    """Return kopf's settings: no peering, no Events, no annotations, watches that cannot hang."""
    settings = kopf.OperatorSettings()
    settings.persistence.finalizer = f"{GROUP}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.watching.inactivity_timeout = 70
    settings.watching.chunk_size = 250
    for resource in (*children.CHILDREN, RAY_JOBS):
        settings.watching.label_selectors[resource.plural] = children.SELECTOR
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = Backoffs(random)
    settings.execution.max_workers = 1
    settings.process.ultimate_exiting_timeout = 20
    return settings


def build_registry(
    inbox: Inbox, login: Callable[[], Login], launcher: Launcher
) -> kopf.OperatorRegistry:
    """Return the handlers of all kinds that the cluster has, and how kopf logs in."""
    registry = kopf.OperatorRegistry()
    for module in (dataset, pipeline, pipelinerun, model, driftmonitor):
        module.register(registry, inbox)
    rays = (RAY_JOBS,) if launcher is Launcher.RAY_JOB else ()
    for resource in (*children.CHILDREN, *rays):
        children.register(registry, inbox, resource)

    @kopf.on.login(registry=registry)
    async def on_login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - kopf's own arguments
        return _connection(login())

    return registry


async def watch(
    registry: kopf.OperatorRegistry,
    settings: kopf.OperatorSettings,
    namespaces: list[str],
    started: asyncio.Event,
) -> None:
    """Deliver events until cancelled; `started` is set when kopf is up."""
    await kopf.operator(
        registry=registry,
        settings=settings,
        clusterwide=not namespaces,
        namespaces=namespaces,
        standalone=True,
        ready_flag=started,
    )


def _connection(login: Login) -> kopf.ConnectionInfo:
    rotates = login.token is not None
    return kopf.ConnectionInfo(
        server=login.server,
        ca_path=login.ca,
        token=login.token,
        certificate_path=login.certificate,
        private_key_path=login.key,
        expiration=datetime.now(UTC) + timedelta(minutes=TOKEN_MINUTES) if rotates else None,
    )
