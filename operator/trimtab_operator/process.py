"""The composition root: builds every part once and runs them while the Lease is held."""

import asyncio
import logging
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from random import Random

import aiohttp

from trimtab_operator import __version__
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import DRIFT_MONITOR, KINDS
from trimtab_operator.cluster.apply import Actions
from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.connection import Connection, connect, wait_for_identity
from trimtab_operator.cluster.events import EventWriter
from trimtab_operator.cluster.gather import Gatherer
from trimtab_operator.cluster.lease import Clocks, Lease
from trimtab_operator.cluster.lister import Lister
from trimtab_operator.cluster.resources import RAY_JOBS
from trimtab_operator.cluster.servers import Servers
from trimtab_operator.errors import Retryable
from trimtab_operator.handlers import startup
from trimtab_operator.lifetime import leading, run_until_stopped, stop_on_signals, wall_clock
from trimtab_operator.manifests.release import Launcher, Release
from trimtab_operator.reconcile.controllers import build_controllers
from trimtab_operator.reconcile.inbox import Inbox
from trimtab_operator.reconcile.loop import Loop, Resync
from trimtab_operator.reconcile.queue import WorkQueue
from trimtab_operator.reconcile.reconciler import Reconciler, Telemetry
from trimtab_operator.reconcile.schedule import Limits, Schedule
from trimtab_operator.settings import Settings
from trimtab_operator.storage.audit import AuditChain, Writer
from trimtab_operator.storage.results import Results
from trimtab_operator.storage.stores import Stores
from trimtab_operator.telemetry.endpoints import (
    Health,
    build_health_app,
    build_metrics_app,
    serve,
)
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe import Observations

logger = logging.getLogger(__name__)

STORE_THREADS = 4
RETRY_SECONDS = 2.0


async def run_operator(settings: Settings, environment: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        LeaseLost: another operator may be active; this process must end.
        NotAuthenticated: the API server does not know this process.
    """
    await run_until_stopped(lambda stop: _run(settings, environment, stop))


async def _run(settings: Settings, environment: Mapping[str, str], stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(
            connect(environment, settings.field_manager, time.monotonic)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        executor = stack.enter_context(ThreadPoolExecutor(STORE_THREADS, "store"))
        user = await wait_for_identity(connection.cluster)
        release = await _find_release(settings, connection.cluster)
        random = Random()  # noqa: S311 - jitter
        host = environment.get("POD_NAME", socket.gethostname())
        instance = f"{host}_{random.getrandbits(32):08x}"
        world = World(settings, release, connection, user, instance, random)
        operator = build_operator(world, session, executor)
        await operator.serve(stack)
        await operator.run(stop)


@dataclass(frozen=True, slots=True)
class World:
    """What this process is and where it runs.

    Attributes:
        settings: of the release.
        release: what it brings, with the launcher that the cluster offers.
        connection: to the API server.
        user: who the API server takes it for; the actor of audit records.
        instance: unique name of the process; holder of the Lease.
        random: jitter.
    """

    settings: Settings
    release: Release
    connection: Connection
    user: str
    instance: str
    random: Random


@dataclass(frozen=True, slots=True)
class Operator:
    """The parts that run.

    Attributes:
        world: what this process is.
        lease: gates everything else.
        inbox: takes in events.
        loop: works.
        resync: looks at everything.
    """

    world: World
    lease: Lease
    inbox: Inbox
    loop: Loop
    resync: Resync

    async def serve(self, stack: AsyncExitStack) -> None:
        """Listen for probes and scrapers until the stack is closed."""
        ports = self.world.settings.ports
        for app, port in (
            (build_health_app(self._health), ports.health),
            (build_metrics_app(self.loop.metrics.registry, self._refresh), ports.metrics),
        ):
            stack.push_async_callback((await serve(app, port)).cleanup)

    async def run(self, stop: asyncio.Event) -> None:
        """Wait for the Lease and work until cancelled; `stop` is set when kopf ends by itself."""
        async with leading(self.lease) as group:
            await self._wait_for_kinds()
            for _ in range(self.world.settings.workers):
                group.create_task(self.loop.work())
            group.create_task(self.resync.run())
            group.create_task(self._watch(stop))

    async def _watch(self, stop: asyncio.Event) -> None:
        registry = startup.build_registry(
            self.inbox, self.world.connection.login, self.world.release.launcher
        )
        settings = startup.build_settings(self.world.random)
        started = asyncio.Event()
        restored = asyncio.create_task(_restore_signals(started, stop))
        await startup.watch(registry, settings, self.world.settings.namespaces, started)
        restored.cancel()
        stop.set()

    async def _wait_for_kinds(self) -> None:
        """Wait until the API server knows Trimtab's kinds: kopf looks only once."""
        wanted = {kind.plural for kind in KINDS}
        while missing := wanted - await self.world.connection.cluster.served_resources(API_VERSION):
            logger.warning("kinds are not installed", extra={"missing": sorted(missing)})
            await asyncio.sleep(RETRY_SECONDS)

    def _health(self) -> Health:
        return Health(
            leading=self.lease.acquired,
            lease_held=self.lease.held,
            api_silence=time.monotonic() - self.world.connection.cluster.last_answer,
            queue_oldest=self.loop.queue.oldest(),
            watch_silent=self.inbox.watchdog.silent,
        )

    def _refresh(self) -> None:
        metrics, queue = self.loop.metrics, self.loop.queue
        metrics.leader.set(self.lease.held)
        metrics.queue_oldest.set(queue.oldest())
        metrics.watch_silent.set(self.inbox.watchdog.silent)
        for kind in KINDS:
            metrics.queue_depth.labels(kind.kind).set(queue.depth(kind.kind))


def build_operator(
    world: World, session: aiohttp.ClientSession, executor: ThreadPoolExecutor
) -> Operator:
    """Connect all parts."""
    settings, cluster = world.settings, world.connection.cluster
    metrics = Metrics()
    metrics.build.info({"version": __version__, "code_version": settings.code_version})
    lease = Lease(cluster, settings.lease, world.instance, Clocks(wall_clock, time.monotonic))
    stores = Stores(settings.storage)
    audit = AuditChain(stores, executor, _writer(world, lease, metrics))
    results = Results(stores, executor, time.monotonic)
    lister = Lister(cluster, settings.namespaces, time.monotonic)
    slots = settings.retrain.max_concurrent
    gatherer = Gatherer(cluster, lister, results, Servers(session), world.release, slots)
    events = EventWriter(cluster, world.instance, wall_clock)
    actions = Actions(cluster, events, audit, lambda: lease.held)
    telemetry = Telemetry(metrics, Observations(metrics))
    controllers = build_controllers(gatherer)
    reconciler = Reconciler(cluster, controllers, actions, telemetry, lister.caches)
    # The fleet brake reads what was decided about the other DriftMonitors.
    limits = Limits(one_at_a_time=frozenset({DRIFT_MONITOR.kind}))
    queue = WorkQueue(Schedule(limits, world.random), time.monotonic)
    inbox = Inbox(queue, metrics, time.time, lister.caches)
    return Operator(
        world=world,
        lease=lease,
        inbox=inbox,
        loop=Loop(queue, reconciler, metrics, wall_clock),
        resync=Resync(cluster, inbox, settings.namespaces, settings.resync_seconds, world.random),
    )


def _writer(world: World, lease: Lease, metrics: Metrics) -> Writer:
    return Writer(
        actor=world.user,
        now=wall_clock,
        epoch=lambda: lease.epoch,
        published_head=lambda: lease.audit_head,
        publish=lease.publish_head,
        report_fault=lambda fault: metrics.audit_faults.labels(fault).inc(),
    )


async def _find_release(settings: Settings, cluster: Cluster) -> Release:
    """Return the release, with RayJobs as its launcher where KubeRay's API is there now."""
    while True:
        try:
            served = await cluster.served_resources(RAY_JOBS.api_version)
        except Retryable as error:
            logger.warning("API server does not answer", extra={"cause": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
            continue
        use_ray = RAY_JOBS.plural in served and settings.ray_version
        launcher = Launcher.RAY_JOB if use_ray else Launcher.JOB
        return replace(settings.release, launcher=launcher)


async def _restore_signals(started: asyncio.Event, stop: asyncio.Event) -> None:
    """Take the signals back from kopf, which would end its own tasks only."""
    await started.wait()
    stop_on_signals(stop)
