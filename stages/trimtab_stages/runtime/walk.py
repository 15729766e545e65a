"""Walks the stages of a run: a stage with a stored result is used, any other is run."""

import logging
from collections.abc import Callable

from trimtab_stages.contract import layout
from trimtab_stages.contract.run import RunSpec, StageName, StageResult, StageUse
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.runtime.execute import Executor
from trimtab_stages.store import ArtifactConflict, NotFound, Store

LOG = logging.getLogger(__name__)


def walk(
    spec: RunSpec, store: Store, executor: Executor, clock: Callable[[], float]
) -> list[StageUse]:
    """Return how the run came by every stage's result, in order.

    Args:
        spec: what the run is told.
        store: where results lie.
        executor: runs the stages that have no result yet.
        clock: monotonic seconds.

    Raises:
        StageError, StoreError, InterruptedRunError, RunEndedError: a stage could not be finished.
    """
    uses: list[StageUse] = []
    results: dict[StageName, StageResult] = {}
    for stage, key in stage_keys(spec).items():
        use = _use(store, stage, key) or _run(stage, key, results, store, (executor, clock))
        LOG.info("stage", extra={"stage": stage, "key": key, "cached": use.cached})
        uses.append(use)
        results[stage] = use.result
    return uses


def read_result(store: Store, stage: StageName, key: str) -> StageResult | None:
    """Return the stored result of a stage, or None."""
    try:
        data = store.get(layout.stage_result(stage, key))
    except NotFound:
        return None
    return StageResult.model_validate_json(data)


def _use(store: Store, stage: StageName, key: str) -> StageUse | None:
    result = read_result(store, stage, key)
    return None if result is None else StageUse(result=result, cached=True)


def _run(
    stage: StageName,
    key: str,
    results: dict[StageName, StageResult],
    store: Store,
    by: tuple[Executor, Callable[[], float]],
) -> StageUse:
    executor, clock = by
    start = clock()
    product = executor.run(stage, results)
    result = StageResult(
        stage=stage,
        key=key,
        outputs=product.outputs,
        numbers=product.numbers,
        seconds=clock() - start,
    )
    use = _keep(store, result)
    _forget_checkpoints(store, key)
    return use


def _keep(store: Store, result: StageResult) -> StageUse:
    try:
        store.put_if_absent(layout.stage_result(result.stage, result.key), result.to_bytes())
    except ArtifactConflict:
        # Another attempt was faster: at least its seconds differ. The first result is the result.
        return _use(store, result.stage, result.key) or StageUse(result=result, cached=False)
    return StageUse(result=result, cached=False)


def _forget_checkpoints(store: Store, key: str) -> None:
    for entry in list(store.list(layout.checkpoint_prefix(key))):
        store.delete(entry.key)
