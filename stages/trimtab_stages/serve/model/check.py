"""Load check, run in a child process: a file that kills its loader kills only this one.

Standard input holds a `CheckOrder`, standard output gets a `CheckReport`; both are JSON. The
process ends with 0 whenever it could report.
Started as `python -m trimtab_stages.serve.model.check`.
"""

import resource
import sys
import time
from pathlib import Path

from pydantic import Field

from trimtab_stages.contract.base import StrictModel
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.model.signature import check_feature_names, check_features
from trimtab_stages.serve.model.warmup import warm

PROC_STATUS = Path("/proc/self/status")


class CheckOrder(StrictModel):
    """What to check."""

    path: str
    """The ONNX file."""
    features: list[Feature] = Field(default_factory=list)
    """Features that it must take; empty for any graph."""
    golden: GoldenRequest | None = None
    """Request whose answer is known."""
    threads: int = 1
    """Threads inside one run."""
    memory_bytes: int
    """Memory that loading and running may take on top of the bare interpreter."""


class CheckReport(StrictModel):
    """What came out."""

    reason: ServingReason
    """`Loaded`, or why the version is refused."""
    message: str = ""
    """Cause, object and next step."""


def check(order: CheckOrder) -> CheckReport:
    """Load, compare inputs, run the golden request."""
    try:
        model = OnnxModel(Path(order.path), order.threads)
        check_features(model.signature, order.features)
        check_feature_names(model.metadata, order.features)
        warm(model, order.golden, time.thread_time)
    except VersionRefusedError as refusal:
        return CheckReport(reason=refusal.reason, message=refusal.message)
    return CheckReport(reason=ServingReason.LOADED)


def limit_memory(extra_bytes: int) -> None:
    """Bound this process's writable private memory to what it has now plus `extra_bytes`.

    RLIMIT_DATA and not RLIMIT_AS: reserved but unused address space costs nothing.
    """
    now = _data_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = now + extra_bytes
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _data_bytes() -> int:
    for line in PROC_STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Read the order, check, write the report."""
    order = CheckOrder.model_validate_json(sys.stdin.buffer.read())
    limit_memory(order.memory_bytes)
    report = check(order)
    sys.stdout.write(report.model_dump_json(by_alias=True))


if __name__ == "__main__":
    main()
