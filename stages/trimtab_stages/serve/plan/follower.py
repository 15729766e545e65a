"""Follows the plan's file: loads what it names, then swaps one pointer.

A new plan takes effect when all its versions are loaded; until then the former one keeps answering.
A process that has nothing to answer with yet starts with what is loaded of the plan, the champion
or else a former one that the plan still holds, and reports the plan as not followed, so that a
refused version never takes a restarted pod away. A shadow alone answers nothing.
"""

import asyncio
import logging
from dataclasses import dataclass

from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import (
    PlanVersion,
    ServerState,
    ServingPlan,
    VersionState,
)
from trimtab_stages.serve.model.refusal import RETRYABLE, VersionRefusedError
from trimtab_stages.serve.model.run_clock import RunClock
from trimtab_stages.serve.plan.file import PlanFile, PlanUnreadableError
from trimtab_stages.serve.plan.loader import VersionLoader
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import LoadedModel, ServedVersion, VersionSettings

LOG = logging.getLogger(__name__)

RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0)
"""Waits before a version that the store did not give is tried again; the last one repeats."""

_MESSAGE_CHARACTERS = 2048


@dataclass(slots=True)
class Refusal:
    """A version that is not served.

    Attributes:
        error: why.
        attempts: how often it was tried.
        retry_at: loop time of the next try, None for never.
    """

    error: VersionRefusedError
    attempts: int
    retry_at: float | None


class PlanFollower:
    """The state of serving, and the task that changes it.

    Attributes:
        routing: what answers; None before the first version is loaded.
    """

    def __init__(
        self,
        file: PlanFile,
        loader: VersionLoader,
        settings: VersionSettings,
        poll_seconds: float,
        pod: str,
    ) -> None:
        self._file = file
        self._loader = loader
        self._settings = settings
        self._poll_seconds = poll_seconds
        self._pod = pod
        self._plan: ServingPlan | None = None
        self._followed = ""
        self._fault = ""
        self._loaded: dict[str, LoadedModel] = {}
        self._refused: dict[str, Refusal] = {}
        self._loading: tuple[str, asyncio.Task[None]] | None = None
        self._wake = asyncio.Event()
        self.routing: Routing | None = None

    @property
    def ready(self) -> bool:
        """Whether every version with weight answers."""
        return self.routing is not None

    @property
    def plan(self) -> ServingPlan | None:
        """The newest plan seen."""
        return self._plan

    def state(self) -> ServerState:
        """Return what `GET /plan` says."""
        versions = self._here(self._plan) if self._plan else []
        return ServerState(
            revision=self._followed,
            ready=self.ready,
            message=self._fault[:_MESSAGE_CHARACTERS],
            versions=[self._state_of(version) for version in versions],
        )

    async def run(self) -> None:
        """Follow the file until cancelled."""
        try:
            while True:
                self.step(asyncio.get_running_loop().time())
                self._wake.clear()
                try:
                    async with asyncio.timeout(self._poll_seconds):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            if self._loading is not None:
                self._loading[1].cancel()

    def step(self, now: float) -> None:
        """Look at the file, start the next load, swap when everything is there."""
        self._read_plan()
        if self._plan is None:
            return
        self._swap(self._plan)
        self._start_next_load(self._plan, now)

    def _read_plan(self) -> None:
        try:
            plan = self._file.read_if_changed()
        except PlanUnreadableError as error:
            self._fault = str(error)
            LOG.error("%s", error)  # noqa: TRY400 - the message says it all, a trace adds nothing
            return
        if plan is not None:
            LOG.info("serving plan %s names %d versions", plan.revision, len(plan.versions))
            self._plan, self._fault = plan, ""
            self._forget_unneeded(plan)

    def _swap(self, plan: ServingPlan) -> None:
        if self._followed == plan.revision:
            return
        wanted = self._here(plan)
        loaded = [version for version in wanted if self._is_loaded(version)]
        complete = len(loaded) == len(wanted)
        if not complete and not self._may_use_part_of(plan):
            return
        self.routing = Routing(plan, [self._served(version) for version in loaded])
        if complete:
            self._followed = plan.revision
            LOG.info("following serving plan %s", plan.revision)
            self._loader.forget_others(version.digest for version in plan.versions)

    def _may_use_part_of(self, plan: ServingPlan) -> bool:
        """True when something can answer now and nothing better can be waited for.

        A process that started with a former version goes over to the champion when that loads.
        """
        if self.routing is not None:
            started = self.routing.plan.revision == plan.revision
            first = plan.versions[0]
            return started and self._is_loaded(first) and self.routing.served(first.digest) is None
        wanted = self._here(plan)
        decided = all(
            self._is_loaded(version) or identity_of(version) in self._refused for version in wanted
        )
        return decided and any(self._is_loaded(version) for version in wanted if not version.shadow)

    def _here(self, plan: ServingPlan) -> list[PlanVersion]:
        """Return the versions that concern this pod."""
        return [version for version in plan.versions if version.only_on in {None, self._pod}]

    def _is_loaded(self, version: PlanVersion) -> bool:
        return identity_of(version) in self._loaded

    def _served(self, version: PlanVersion) -> ServedVersion:
        loaded = self._loaded[identity_of(version)]
        return ServedVersion(version, loaded, self._settings, kept_times(version, self.routing))

    def _start_next_load(self, plan: ServingPlan, now: float) -> None:
        if self._loading is not None:
            return
        for version in self._here(plan):
            identity = identity_of(version)
            refusal = self._refused.get(identity)
            if identity in self._loaded or (refusal is not None and not _is_due(refusal, now)):
                continue
            self._loading = (identity, asyncio.ensure_future(self._load(identity, version)))
            return

    async def _load(self, identity: str, version: PlanVersion) -> None:
        try:
            self._loaded[identity] = await self._loader.load(version)
            self._refused.pop(identity, None)
            LOG.info("loaded %s", version.digest)
        except VersionRefusedError as error:
            self._refuse(identity, error)
            LOG.warning("refused %s: %s: %s", version.digest, error.reason, error.message)
        except Exception as error:
            LOG.exception("loading %s failed", version.digest)
            cause = f"internal error ({type(error).__name__}); the server's log has the trace"
            self._refuse(identity, VersionRefusedError(ServingReason.INVALID_MODEL, cause))
        finally:
            self._loading = None
            self._wake.set()

    def _refuse(self, identity: str, error: VersionRefusedError) -> None:
        former = self._refused.get(identity)
        attempts = former.attempts + 1 if former else 1
        retry_at = None
        if error.reason in RETRYABLE:
            wait = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1]
            retry_at = asyncio.get_running_loop().time() + wait
        self._refused[identity] = Refusal(error, attempts, retry_at)

    def _forget_unneeded(self, plan: ServingPlan) -> None:
        answering = self.routing.plan.versions if self.routing else []
        needed = {identity_of(version) for version in (*plan.versions, *answering)}
        wanted = {identity_of(version) for version in plan.versions}
        self._loaded = {key: model for key, model in self._loaded.items() if key in needed}
        self._refused = {key: refusal for key, refusal in self._refused.items() if key in wanted}

    def _state_of(self, version: PlanVersion) -> VersionState:
        identity = identity_of(version)
        if identity in self._loaded:
            return VersionState(digest=version.digest, reason=ServingReason.LOADED)
        refusal = self._refused.get(identity)
        if refusal is None:
            return VersionState(digest=version.digest, reason=ServingReason.LOADING)
        return VersionState(
            digest=version.digest,
            reason=refusal.error.reason,
            message=refusal.error.message[:_MESSAGE_CHARACTERS],
        )


def identity_of(version: PlanVersion) -> str:
    """Return the digest of all that a load depends on; weights and thresholds need no load."""
    return digest_of(
        {
            "digest": version.digest,
            "key": version.key,
            "features": [feature.to_wire() for feature in version.features],
            "golden": version.golden.digest if version.golden else None,
            "reference": version.reference.digest if version.reference else None,
        }
    )


def kept_times(version: PlanVersion, routing: Routing | None) -> RunClock | None:
    """Return the times of the runs so far that a version goes on with in a new plan.

    Versions that run in a plan are compared over the same time: they begin anew with it. One that
    stands by does not run: what it took before is what its successor is compared with.
    """
    served = routing.served(version.digest) if routing is not None else None
    return served.batcher.times if served is not None and version.stands_by else None


def _is_due(refusal: Refusal, now: float) -> bool:
    return refusal.retry_at is not None and now >= refusal.retry_at
