"""The monitor's composition root: builds every part once and runs them while the Lease is held."""

import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from random import Random

from trimtab_operator import __version__
from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.connection import connect, wait_for_identity
from trimtab_operator.cluster.lease import Clocks, Lease
from trimtab_operator.lifetime import leading, run_until_stopped, wall_clock
from trimtab_operator.monitor.lanes import Lanes
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.rollout_rounds import RolloutRounds
from trimtab_operator.monitor.rounds import Rounds
from trimtab_operator.monitor.settings import MonitorSettings
from trimtab_operator.storage.stores import Stores
from trimtab_operator.telemetry.endpoints import (
    Health,
    build_health_app,
    build_metrics_app,
    serve,
)

OPEN_STORES = 128
"""Buckets are looked at in turn, again and again: opening one anew each time would cost most."""

ROLLOUTS = 2
"""Rollouts that are looked at at the same time, beside the DriftMonitors."""

FIELD_MANAGER = "trimtab-monitor"
"""Owner of what the monitor writes into the status of DriftMonitors and Models."""


async def run_monitor(settings: MonitorSettings, environment: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        LeaseLost: another monitor may be active; this process must end.
        NotAuthenticated: the API server does not know this process.
    """
    await run_until_stopped(lambda _: _run(settings, environment))


async def _run(settings: MonitorSettings, environment: Mapping[str, str]) -> None:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(
            connect(environment, FIELD_MANAGER, time.monotonic)
        )
        lanes, rollout_lanes = (_lanes(stack, workers) for workers in (settings.workers, ROLLOUTS))
        await wait_for_identity(connection.cluster)
        clocks = Clocks(wall_clock, time.monotonic)
        lease = Lease(connection.cluster, settings.lease, _instance(environment), clocks)
        metrics = MonitorMetrics()
        metrics.build.info({"version": __version__})
        stores = Stores(settings.storage, OPEN_STORES)
        rounds = Rounds(connection.cluster, stores, lanes, metrics, clocks)
        rollouts = RolloutRounds(connection.cluster, stores, rollout_lanes, metrics, clocks)
        refresh = partial(_refresh, metrics, lease, rounds)
        ports = settings.ports
        for app, port in (
            (build_health_app(partial(_health, connection.cluster, lease, rounds)), ports.health),
            (build_metrics_app(metrics.registry, refresh), ports.metrics),
        ):
            stack.push_async_callback((await serve(app, port)).cleanup)
        async with leading(lease) as group:
            for one in (rounds, rollouts):
                group.create_task(one.run(settings.namespaces, settings.poll_seconds))


def _lanes(stack: AsyncExitStack, workers: int) -> Lanes:
    lanes = Lanes(workers, time.monotonic)
    # What a thread writes is written once: nothing has to be waited for at the end.
    stack.callback(lanes.executor.shutdown, wait=False, cancel_futures=True)
    return lanes


def _instance(environment: Mapping[str, str]) -> str:
    """Return a unique name of this process, the holder of the Lease."""
    host = environment.get("POD_NAME", socket.gethostname())
    return f"{host}_{Random().getrandbits(32):08x}"  # noqa: S311 - a name, not a secret


def _health(cluster: Cluster, lease: Lease, rounds: Rounds) -> Health:
    return Health(
        leading=lease.acquired,
        lease_held=lease.held,
        api_silence=time.monotonic() - cluster.last_answer,
        queue_oldest=rounds.oldest_due(),
        watch_silent=False,
    )


def _refresh(metrics: MonitorMetrics, lease: Lease, rounds: Rounds) -> None:
    metrics.leader.set(lease.held)
    metrics.oldest_due.set(rounds.oldest_due())
