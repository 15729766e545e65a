"""Who runs a stage: this process, or (in `ray_cluster`) an actor on a Ray worker."""

from typing import Protocol, assert_never

from trimtab_stages.contract.run import StageName
from trimtab_stages.runtime.context import Results, Stage, StageContext, StageProduct


class Executor(Protocol):
    """Runs stages somewhere."""

    def run(self, stage: StageName, results: Results) -> StageProduct:
        """Run one stage on the results of those before it and return what it made."""
        ...


class LocalExecutor:
    """Runs stages in this process."""

    def __init__(self, context: StageContext) -> None:
        self._context = context

    def run(self, stage: StageName, results: Results) -> StageProduct:
        """Run one stage in this process."""
        return find_stage(stage)(self._context, results)


def find_stage(stage: StageName) -> Stage:
    """Return a stage's function; its libraries are imported only now (torch takes seconds)."""
    # ruff: noqa: PLC0415 - see the docstring
    match stage:
        case StageName.PREPROCESS:
            from trimtab_stages.preprocess.run import run_preprocess

            return run_preprocess
        case StageName.TRAIN:
            from trimtab_stages.train.run import run_train

            return run_train
        case StageName.REFIT:
            from trimtab_stages.train.run import run_refit

            return run_refit
        case StageName.EXPORT:
            from trimtab_stages.export.run import run_export

            return run_export
        case StageName.EVALUATE:
            from trimtab_stages.evaluate.run import run_evaluate

            return run_evaluate
        case _:
            assert_never(stage)
