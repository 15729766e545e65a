"""A tenant whose Jobs are done by the real stages, in this process."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from support.apiserver import Object
from support.tenant import Tenant
from trimtab_stages.contract.run import IngestSpec, RunSpec
from trimtab_stages.ingest.run import Place
from trimtab_stages.ingest.run import run as run_ingest
from trimtab_stages.runtime.training import run_training
from trimtab_stages.store import LocalStore


@dataclass(frozen=True, slots=True)
class WorkingTenant(Tenant):
    """One namespace whose bucket is a directory.

    Attributes:
        work: scratch folder of the stages.
    """

    work: Path

    def run_job(self, job: Object) -> None:
        """Do what the Job's pod would do, then finish the Job."""
        name = job["metadata"]["name"]
        told = self.config(name, "spec.json")
        assert isinstance(self.store, LocalStore)
        if "trimtab.dev/run" in job["metadata"]["labels"]:
            spec = RunSpec.from_bytes(told)
            run_training(spec, self.store, self.work, threading.Event(), ray=None)
        else:
            place = Place(self.store, self.store, self.work, datetime.now(UTC), perf_counter)
            run_ingest(IngestSpec.from_bytes(told), place)
        self.finish_job(name)
