"""Stage `export`: the served ONNX file with parity, golden request and reference profile."""

from dataclasses import dataclass

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.run import Progress, StageName, StageResult
from trimtab_stages.export.graph import GraphInputs, build_graph
from trimtab_stages.export.metadata import Origin, build_metadata
from trimtab_stages.export.outputs import (
    GOLDEN,
    JUDGED,
    MODEL,
    PARITY_ERROR,
    PARITY_ROWS,
    REFERENCE,
)
from trimtab_stages.export.parity import Parity, measure_parity
from trimtab_stages.export.reference import build_golden, build_reference
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.run import read_preprocessor
from trimtab_stages.preprocess.split import (
    SplitRows,
    Splits,
    categorical_features,
    numeric_features,
    read_splits,
)
from trimtab_stages.runtime.artifacts import write_blob
from trimtab_stages.runtime.context import Results, StageContext, StageProduct
from trimtab_stages.train.run import read_layers


def run_export(context: StageContext, results: Results) -> StageProduct:
    """Write and prove the judged graph, and the served one where it is another."""
    splits = read_splits(context.store, context.spec, context.workdir)
    preprocessor = read_preprocessor(context.store, results[StageName.PREPROCESS])
    judged = _export(
        context, splits, preprocessor, _Weights(StageName.TRAIN, results, splits.train)
    )
    served = judged
    if StageName.REFIT in results:
        weights = _Weights(StageName.REFIT, results, splits.all())
        served = _export(context, splits, preprocessor, weights)
    worst = max(judged.parity.max_abs_error, served.parity.max_abs_error)
    context.progress.report(
        Progress(stage=StageName.EXPORT, done=1, of=1, numbers={PARITY_ERROR: worst})
    )
    golden = build_golden(served.graph, splits.test)
    reference = build_reference(
        splits.manifest, served.fitted_on, served.graph.scores(served.fitted_on)
    )
    outputs = {
        MODEL: served.file,
        JUDGED: judged.file,
        GOLDEN: write_blob(context.store, golden.to_bytes()),
        REFERENCE: write_blob(context.store, reference.to_bytes()),
    }
    numbers = {PARITY_ERROR: worst, PARITY_ROWS: float(served.parity.rows)}
    return StageProduct(outputs, numbers)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Which stage's weights, and the rows that they were fitted on."""

    stage: StageName
    results: Results
    fitted_on: SplitRows

    @property
    def result(self) -> StageResult:
        return self.results[self.stage]


@dataclass(frozen=True, slots=True)
class _Exported:
    graph: Graph
    file: ArtifactRef
    parity: Parity
    fitted_on: SplitRows


def _export(
    context: StageContext, splits: Splits, preprocessor: Preprocessor, weights: _Weights
) -> _Exported:
    manifest = splits.manifest
    layers = read_layers(context.store, weights.result)
    origin = Origin(context.keys[weights.stage], int(weights.fitted_on.time_ns.max()))
    inputs = GraphInputs(len(numeric_features(manifest)), len(categorical_features(manifest)))
    data = build_graph(preprocessor, layers, inputs, build_metadata(manifest, origin))
    graph = Graph(data, context.threads)
    parity = measure_parity(graph, preprocessor, layers, splits.all())
    return _Exported(graph, write_blob(context.store, data), parity, weights.fitted_on)
