"""The Lease that elects one active operator (coordination.k8s.io/v1), by compare-and-swap.

It only spares work: correctness rests on deterministic names and write-once keys.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.events import micro_time
from trimtab_operator.cluster.resources import LEASES
from trimtab_operator.errors import Conflict, LeaseLost, Retryable
from trimtab_operator.settings import LeaseSettings

logger = logging.getLogger(__name__)

AUDIT_HEAD = "trimtab.dev/audit-head"
"""Annotation with the hash of the last audit record: a chain cut short at its end shows."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock in UTC, and monotonic seconds that survive its changes."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


class Lease:
    """One holder's view of the Lease.

    Args:
        cluster: where the Lease lives.
        settings: its name and how long a silent holder is waited for.
        identity: unique name of this process.
        clocks: time.
    """

    def __init__(
        self, cluster: Cluster, settings: LeaseSettings, identity: str, clocks: Clocks
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._identity = identity
        self._clocks = clocks
        self._body: Manifest = {}
        self._valid_until = float("-inf")
        self._seen: tuple[str, float] = ("", 0.0)
        self._write_now = asyncio.Event()
        self._head: str | None = None

    @property
    def held(self) -> bool:
        """True while no other operator can have taken it."""
        return self._clocks.monotonic() < self._valid_until

    @property
    def acquired(self) -> bool:
        """True once this process has held it, even where it is lost by now."""
        return bool(self._body.get("spec", {}).get("holderIdentity") == self._identity)

    @property
    def epoch(self) -> int:
        """Times that it changed hands: a fencing number for records."""
        return int(self._body.get("spec", {}).get("leaseTransitions", 0))

    @property
    def audit_head(self) -> str | None:
        """Hash of the last audit record as last written to the Lease."""
        head: str | None = self._body.get("metadata", {}).get("annotations", {}).get(AUDIT_HEAD)
        return head

    def publish_head(self, digest: str) -> None:
        """Write this audit head with the next renewal, which happens at once."""
        self._head = digest
        self._write_now.set()

    async def acquire(self) -> None:
        """Return as soon as this process is the holder."""
        while True:
            try:
                if await self._try_acquire():
                    logger.info("lease acquired", extra={"epoch": self.epoch})
                    return
            except Retryable as error:
                logger.warning("lease not acquired", extra={"cause": str(error)})
            await asyncio.sleep(self._settings.seconds / 5)

    async def keep(self) -> None:
        """Renew for ever.

        Raises:
            LeaseLost: somebody else holds it, or it could not be renewed in time.
        """
        while True:
            await self._renew()
            # Not wait_for: before Python 3.12 it may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.seconds / 3):
                    await self._write_now.wait()

    async def release(self) -> None:
        """Give it up, so that the next holder need not wait."""
        if not self.held:
            return
        self._valid_until = float("-inf")
        try:
            await self._give_up()
        except (Retryable, LeaseLost) as error:
            logger.warning("lease not released", extra={"cause": str(error)})

    async def _give_up(self) -> None:
        """Write that nobody holds it, over whatever was written since it was last read."""
        while True:
            spec = self._body["spec"] | {"holderIdentity": "", "renewTime": self._time()}
            try:
                await self._cluster.replace(self._with_head(spec))
            except Conflict:
                # A renewal that the stop cut off may have been written all the same.
                await self._read_again()
            else:
                return

    async def _try_acquire(self) -> bool:
        settings, asked = self._settings, self._clocks.monotonic()
        live = await self._cluster.get(LEASES, settings.namespace, settings.name)
        if live is None:
            self._body = {"metadata": {"name": settings.name, "namespace": settings.namespace}}
            manifest = self._with_head(self._claim(transitions=0))
            return self._won(await self._cluster.create(manifest), asked)
        if not self._is_free(live["spec"]):
            return False
        self._body = live
        transitions = int(live["spec"].get("leaseTransitions", 0)) + 1
        claimed = await self._cluster.replace(self._with_head(self._claim(transitions)))
        return self._won(claimed, asked)

    async def _renew(self) -> None:
        self._write_now.clear()
        asked = self._clocks.monotonic()
        try:
            spec = self._body["spec"] | {"renewTime": self._time()}
            self._won(await self._cluster.replace(self._with_head(spec)), asked)
        except Conflict:
            await self._read_again()
        except Retryable as error:
            logger.warning("lease not renewed", extra={"cause": str(error)})
            if not self.held:
                raise LeaseLost("the Lease could not be renewed in time") from error
            await asyncio.sleep(self._settings.seconds / 15)
            self._write_now.set()

    async def _read_again(self) -> None:
        live = await self._cluster.get(LEASES, self._settings.namespace, self._settings.name)
        if live is None or live["spec"].get("holderIdentity") != self._identity:
            self._valid_until = float("-inf")
            raise LeaseLost("another operator holds the Lease")
        self._body = live
        self._write_now.set()

    def _won(self, body: Manifest, asked: float) -> bool:
        self._body = body
        self._valid_until = asked + self._settings.seconds * 2 / 3
        return True

    def _is_free(self, spec: dict[str, Any]) -> bool:
        """True when released, or not renewed for its duration as this process's clock sees it."""
        if not spec.get("holderIdentity"):
            return True
        now, renewed = self._clocks.monotonic(), str(spec.get("renewTime"))
        if renewed != self._seen[0]:
            self._seen = (renewed, now)
        return now - self._seen[1] >= int(spec.get("leaseDurationSeconds", 0))

    def _claim(self, transitions: int) -> dict[str, Any]:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._settings.seconds,
            "acquireTime": self._time(),
            "renewTime": self._time(),
            "leaseTransitions": transitions,
        }

    def _with_head(self, spec: dict[str, Any]) -> Manifest:
        metadata = dict(self._body["metadata"])
        if self._head is not None:
            metadata["annotations"] = metadata.get("annotations", {}) | {AUDIT_HEAD: self._head}
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": metadata,
            "spec": spec,
        }

    def _time(self) -> str:
        return micro_time(self._clocks.now())
