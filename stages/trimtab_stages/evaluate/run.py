"""Stage `evaluate`: thresholds, metrics with intervals, and the comparison with the champion."""

import logging
from dataclasses import dataclass

from trimtab_stages.contract.gates import Estimate
from trimtab_stages.contract.run import ChampionRef, Progress, StageName
from trimtab_stages.evaluate.bootstrap import Bootstrap, compare_all, estimate_all
from trimtab_stages.evaluate.champion import NotComparableError, score_champion
from trimtab_stages.evaluate.evaluation import (
    EVALUATION,
    Evaluation,
    build_confusion,
    build_reliability,
)
from trimtab_stages.evaluate.scored import score_rows
from trimtab_stages.evaluate.threshold import choose_threshold, match_share
from trimtab_stages.export.outputs import JUDGED, MODEL
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.split import Floats, Splits, read_splits
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.runtime.context import Results, StageContext, StageProduct

LOG = logging.getLogger(__name__)


def run_evaluate(context: StageContext, results: Results) -> StageProduct:
    """Measure the judged graph on the test split; the threshold comes from validation."""
    splits = read_splits(context.store, context.spec, context.workdir)
    outputs = results[StageName.EXPORT].outputs
    judged = Graph(read_blob(context.store, outputs[JUDGED]), context.threads)
    served = judged
    if outputs[MODEL] != outputs[JUDGED]:
        served = Graph(read_blob(context.store, outputs[MODEL]), context.threads)
    evaluation = _evaluate(context, splits, judged, served)
    numbers = {str(estimate.metric): estimate.value for estimate in evaluation.estimates}
    context.progress.report(Progress(stage=StageName.EVALUATE, done=1, of=1, numbers=numbers))
    ref = write_blob(context.store, evaluation.to_bytes())
    return StageProduct({EVALUATION: ref}, numbers)


def _evaluate(context: StageContext, splits: Splits, judged: Graph, served: Graph) -> Evaluation:
    how = Bootstrap(seed=context.spec.recipe.training.seed)
    thresholds = _choose_thresholds(context, splits, judged, served, how)
    scores = judged.scores(splits.test)
    scored = score_rows(splits.test.target, scores, thresholds.judged)
    versus = _compare(context, splits, (scores, thresholds.judged), how)
    return Evaluation(
        judged_threshold=thresholds.judged,
        served_threshold=thresholds.served,
        estimates=estimate_all(scored, how),
        versus_champion=versus.differences,
        champion_favoured=versus.favoured,
        comparison=versus.note,
        confusion=build_confusion(scored, splits.manifest.target.classes),
        reliability=build_reliability(scored),
    )


@dataclass(frozen=True, slots=True)
class _Thresholds:
    judged: float | None = None
    served: float | None = None


def _choose_thresholds(
    context: StageContext, splits: Splits, judged: Graph, served: Graph, how: Bootstrap
) -> _Thresholds:
    rows = splits.validation
    scores = judged.scores(rows)
    if scores.ndim > 1:
        return _Thresholds()
    chosen = choose_threshold(rows.target, scores, context.spec.recipe.decision, how)
    if served is judged:
        return _Thresholds(chosen, chosen)
    return _Thresholds(chosen, match_share(scores, chosen, served.scores(rows)))


@dataclass(frozen=True, slots=True)
class _Versus:
    differences: list[Estimate] | None
    note: str
    favoured: bool = False


def _compare(
    context: StageContext,
    splits: Splits,
    challenger: tuple[Floats, float | None],
    how: Bootstrap,
) -> _Versus:
    champion: ChampionRef | None = context.spec.champion
    if champion is None:
        return _Versus(None, "no champion yet")
    scores, threshold = challenger
    try:
        met = score_champion(
            read_blob(context.store, champion.file), splits.manifest, splits.test, scores.shape[1:]
        )
    except NotComparableError as error:
        LOG.warning("champion not compared", extra={"cause": str(error)})
        return _Versus([], str(error))
    target = splits.test.target[met.rows]
    return _Versus(
        compare_all(
            score_rows(target, scores[met.rows], threshold),
            score_rows(target, met.scores, champion.threshold),
            how,
        ),
        met.note,
        met.favoured,
    )
