"""What is wrong with the rollout rules of a Model, beyond what the schema can tell."""

from collections.abc import Iterator

from trimtab_operator.api.model import ModelSpec
from trimtab_operator.domain.spec_fault import Interval, SpecFault, outside


def rollout_faults(spec: ModelSpec) -> Iterator[SpecFault]:
    """Yield everything that is out of range, or that would keep a rollout from ever ending."""
    rules = spec.rollout
    if rules is None:
        return
    yield from outside(
        [
            Interval("spec.rollout.margin", rules.margin, "0", "1"),
            Interval("spec.rollout.confidence", rules.confidence, "0.5", "0.9999"),
            Interval("spec.rollout.maxErrorRate", rules.max_error_rate, "0", "1"),
            Interval("spec.rollout.maxLatencyRatio", rules.max_latency_ratio, "1", "1000"),
        ]
    )
    if spec.capture.fraction == 0:
        words = (
            "is 0, so no row of champion and challenger is kept and no rollout could end; "
            "capture a share, or leave `spec.rollout` out"
        )
        yield SpecFault("spec.capture.fraction", words)
