"""Composition root of the model server, and its life: start, follow, flush, drain."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.serve.admin import AdminApplication
from trimtab_stages.serve.application import InferenceApplication
from trimtab_stages.serve.call import Aftermath
from trimtab_stages.serve.grpc.listener import GrpcListener
from trimtab_stages.serve.http.listener import HttpListener
from trimtab_stages.serve.inference import IdSource, Inference
from trimtab_stages.serve.metrics import ServerCollector, Sources
from trimtab_stages.serve.observation import FOLD_SECONDS, Observation
from trimtab_stages.serve.observe.feedback import FeedbackBuffer
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import Outbox
from trimtab_stages.serve.observe.unwritten import UnwrittenRows
from trimtab_stages.serve.observe.writer_log import WriterLog
from trimtab_stages.serve.plan.file import PlanFile
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.plan.loader import VersionLoader
from trimtab_stages.serve.plan.version import VersionSettings
from trimtab_stages.serve.settings import ServeSettings
from trimtab_stages.serve.shadow import ShadowQueue
from trimtab_stages.serve.statistics import Statistics
from trimtab_stages.store import Store

LOG = logging.getLogger(__name__)

OUTBOX_BYTES = 64 << 20
"""Objects that may wait for the store."""


class ModelServer:
    """One server process.

    Attributes:
        follower: state of the plan.
        application: what the protocol's ports ask for.
        listener: connections of the protocol's HTTP port.
        grpc: the protocol's gRPC port.
        admin: connections of the operator's port.
    """

    def __init__(self, settings: ServeSettings, open_store: Callable[[], Store]) -> None:
        """Wire everything; must be called on the event loop."""
        start_ns = time.time_ns()
        loop = asyncio.get_running_loop()
        self._settings = settings
        statistics = Statistics()
        naming = Naming(settings.pod, start_ns)
        self._unwritten = UnwrittenRows(settings.state)
        self._outbox = Outbox(open_store, OUTBOX_BYTES, self._unwritten.settle)
        self.follower = PlanFollower(
            PlanFile(settings.plan),
            VersionLoader(settings, open_store),
            VersionSettings(settings.run, settings.limits),
            settings.poll_seconds,
            settings.pod,
        )
        self._writer_log = WriterLog(naming, self._outbox, self._plan_in_force)
        self._observation = Observation(
            self.follower, naming, self._outbox, self._unwritten.lost, self._writer_log
        )
        self._feedback = FeedbackBuffer(naming, self._outbox, self._writer_log.note)
        shadow = ShadowQueue(self._observation.note_shadow, statistics, loop)
        inference = Inference(
            settings.limits,
            IdSource(settings.pod, start_ns),
            Aftermath(statistics, self._observation.note, self._unwritten, shadow, loop),
        )
        self.application = InferenceApplication(
            self.follower,
            inference,
            self._feedback,
            settings.release,
            settings.http.body_bytes,
        )
        self.listener = HttpListener(self.application, settings.http)
        self.grpc = GrpcListener(self.application, settings.http)
        self.admin = HttpListener(self._admin_application(statistics), settings.http)

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then drain.

        Raises:
            OSError: a port is taken.
        """
        self._outbox.start()
        await self.admin.start(self._settings.host, self._settings.admin_port)
        await self.listener.start(self._settings.host, self._settings.port)
        await self.grpc.start(self._settings.host, self._settings.grpc_port)
        ports = (self.listener.port, self.grpc.port, self.admin.port)
        LOG.info("listening on %d, gRPC on %d, admin on %d", *ports)
        tasks = [asyncio.create_task(self.follower.run()), asyncio.create_task(self._flush_all())]
        try:
            await self._stopped(stop, tasks)
            await self._drain()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    def _admin_application(self, statistics: Statistics) -> AdminApplication:
        registry = CollectorRegistry()
        registry.register(
            ServerCollector(
                Sources(
                    follower=self.follower,
                    statistics=statistics,
                    in_flight=lambda: self.listener.connections.in_flight + self.grpc.in_flight,
                    outbox=self._outbox,
                    feedback=self._feedback,
                    is_ready=self._is_ready,
                    dropped_rows=lambda: self._observation.dropped_rows,
                    lost_rows=self._unwritten.lost,
                )
            )
        )
        return AdminApplication(self.follower, statistics, registry, self._is_ready)

    def _is_ready(self) -> bool:
        return self.application.ready

    def _plan_in_force(self) -> ServingPlan | None:
        routing = self.follower.routing
        return routing.plan if routing else None

    async def _stopped(self, stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for the end; a background task that dies is one too."""
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in done - {waiting}:
            task.result()

    async def _drain(self) -> None:
        """Say not ready, keep answering until endpoints have forgotten this pod, finish, stop.

        What was collected goes out first: who takes a pod away by force does not wait for the end.
        """
        LOG.info("draining for %g s", self._settings.drain_seconds)
        self.application.draining = True
        self.listener.part()
        self._flush_last()
        await asyncio.sleep(self._settings.drain_seconds)
        seconds = self._settings.grace_seconds
        await asyncio.gather(self.listener.drain(seconds), self.grpc.drain(seconds))

    async def _close(self) -> None:
        self._flush_last()
        await asyncio.to_thread(self._outbox.close, self._settings.grace_seconds)
        await self.admin.drain(0.0)
        LOG.info("stopped")

    async def _flush_all(self) -> None:
        loop = asyncio.get_running_loop()
        flushed = loop.time()
        while True:
            await asyncio.sleep(FOLD_SECONDS)
            if loop.time() - flushed + FOLD_SECONDS / 2 >= self._observation.flush_seconds:
                self._flush()
                flushed = loop.time()
            else:
                self._observation.fold()
            self._writer_log.restate()

    def _flush(self) -> None:
        self._observation.flush()
        plan = self.follower.plan
        if plan is not None:
            self._feedback.flush(plan.model)
        self._writer_log.flushed()

    def _flush_last(self) -> None:
        """Flush, and say that nothing is left, as long as nothing more comes."""
        self._flush()
        if self._feedback.is_empty:
            self._writer_log.rest()


async def run_server(settings: ServeSettings, open_store: Callable[[], Store]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await ModelServer(settings, open_store).serve(stop)
