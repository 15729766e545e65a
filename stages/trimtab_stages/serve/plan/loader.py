"""Brings one version from the store to a graph that has passed every check."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import NewerSchemaError, StoredModel, digest_of_bytes
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import GoldenRequest, PlanVersion, ReferenceProfile
from trimtab_stages.serve.model.check import CheckOrder
from trimtab_stages.serve.model.checker import check_in_child
from trimtab_stages.serve.model.marker import CrashMarkers
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.model.signature import check_feature_names, check_features
from trimtab_stages.serve.model.warmup import warm
from trimtab_stages.serve.plan.version import LoadedModel
from trimtab_stages.serve.settings import CGROUP, ServeSettings, container_memory_left
from trimtab_stages.store import AccessDenied, NotFound, Store, StoreError, WrongCredentials

UNLIMITED_CHECK_BYTES = 8 << 30
"""Memory for a load check where the container has no limit."""

CHECK_RESERVE_BYTES = 64 << 20
"""Left to the server itself while a child checks a version."""


Stored = TypeVar("Stored", bound=StoredModel)


class VersionLoader:
    """Fetch, digest, child check, load, golden request; in this order, each before the next."""

    def __init__(self, settings: ServeSettings, open_store: Callable[[], Store]) -> None:
        self._settings = settings
        self._open_store = open_store
        self._models = settings.state / "models"
        self._markers = CrashMarkers(settings.state / "loading")

    async def load(self, version: PlanVersion) -> LoadedModel:
        """Return the checked graph.

        Raises:
            VersionRefusedError: any check that fails, with reason, cause, object and next step.
        """
        if version.digest in self._markers.crashed:
            raise VersionRefusedError(
                ServingReason.CRASHED_ON_LOAD,
                f"{version.digest} ended an earlier server process of this pod at its load; "
                "replace the version, or delete the pod to try again",
            )
        path = await asyncio.to_thread(self._fetch_model, version)
        golden = await self._fetch_stored(version.golden, GoldenRequest)
        reference = await self._fetch_stored(version.reference, ReferenceProfile)
        await check_in_child(self._order(path, version, golden), self._settings.check_seconds)
        return await asyncio.to_thread(self._load, path, version, golden, reference)

    def forget_others(self, digests: Iterable[str]) -> None:
        """Remove the files of all versions but these."""
        kept = {digest.removeprefix("sha256:") for digest in digests}
        if self._models.is_dir():
            for folder in self._models.iterdir():
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)

    def _fetch_model(self, version: PlanVersion) -> Path:
        path = self._models / version.digest.removeprefix("sha256:") / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            digest = self._open_store().get_file(version.key, path)
        except StoreError as error:
            raise _refused_by_store(error) from None
        if digest != version.digest:
            path.unlink(missing_ok=True)
            raise _digest_mismatch(version.key, version.digest, digest)
        return path

    async def _fetch_stored(
        self, reference: ArtifactRef | None, kind: type[Stored]
    ) -> Stored | None:
        if reference is None:
            return None
        return await asyncio.to_thread(self._read_stored, reference, kind)

    def _read_stored(self, reference: ArtifactRef, kind: type[Stored]) -> Stored:
        try:
            data = self._open_store().get(reference.key)
        except StoreError as error:
            raise _refused_by_store(error) from None
        digest = digest_of_bytes(data)
        if digest != reference.digest:
            raise _digest_mismatch(reference.key, reference.digest, digest)
        try:
            return kind.model_validate(kind.from_bytes(data))
        except (NewerSchemaError, ValidationError) as error:
            raise VersionRefusedError(
                ServingReason.INVALID_MODEL,
                f"{reference.key} is no {kind.__name__} of this release ({type(error).__name__}); "
                "use a server of the release that made the run",
            ) from None

    def _order(self, path: Path, version: PlanVersion, golden: GoldenRequest | None) -> CheckOrder:
        left = container_memory_left(CGROUP, UNLIMITED_CHECK_BYTES + CHECK_RESERVE_BYTES)
        return CheckOrder(
            path=str(path),
            features=version.features,
            golden=golden,
            threads=self._settings.run.threads,
            memory_bytes=max(0, left - CHECK_RESERVE_BYTES),
        )

    def _load(
        self,
        path: Path,
        version: PlanVersion,
        golden: GoldenRequest | None,
        reference: ReferenceProfile | None,
    ) -> LoadedModel:
        self._markers.begin(version.digest)
        try:
            model = OnnxModel(path, self._settings.run.threads)
            check_features(model.signature, version.features)
            check_feature_names(model.metadata, version.features)
            return LoadedModel(model, warm(model, golden, time.thread_time), reference)
        finally:
            self._markers.end(version.digest)


def _refused_by_store(error: StoreError) -> VersionRefusedError:
    reason = ServingReason.STORE_UNREACHABLE
    if isinstance(error, NotFound):
        reason = ServingReason.MODEL_MISSING
    elif isinstance(error, AccessDenied | WrongCredentials):
        reason = ServingReason.ACCESS_DENIED
    return VersionRefusedError(reason, str(error))


def _digest_mismatch(key: str, expected: str, found: str) -> VersionRefusedError:
    return VersionRefusedError(
        ServingReason.DIGEST_MISMATCH,
        f"{key} has digest {found}, the plan names {expected}; "
        "the object was replaced, or the digest is wrong: put the right object back, or correct "
        "`spec.onnx.digest` of the Model",
    )
