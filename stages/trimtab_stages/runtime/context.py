"""What a stage is given: the run, the store, a scratch folder, and the means to report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.run import RunSpec, StageName, StageResult
from trimtab_stages.runtime.progress import ProgressLog
from trimtab_stages.runtime.stop import StopFlag
from trimtab_stages.store import Store


@dataclass(frozen=True, slots=True)
class StageContext:
    """Everything outside the computation that a stage may use.

    Attributes:
        spec: what the run is told.
        keys: cache key of every stage of the run.
        store: where artefacts lie.
        workdir: scratch folder of this process; may be empty at every start.
        progress: where the stage says how far it is.
        stop: set when the process is asked to stop.
        threads: CPU threads that numeric libraries may use.
    """

    spec: RunSpec
    keys: Mapping[StageName, str]
    store: Store
    workdir: Path
    progress: ProgressLog
    stop: StopFlag
    threads: int


@dataclass(frozen=True, slots=True)
class StageProduct:
    """What a stage made: artefacts by name and scalar results."""

    outputs: dict[str, ArtifactRef]
    numbers: dict[str, float] = field(default_factory=dict)


Results = Mapping[StageName, StageResult]
"""Results of the stages before, by name."""

Stage = Callable[[StageContext, Results], StageProduct]
"""A stage: reads the results before it, writes artefacts, returns what it made."""
