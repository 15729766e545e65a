from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import onnx
import pytest

from support.training import CATEGORICAL, NUMERIC, fit_preprocessor, make_rows
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Lever, LeverOp
from trimtab_stages.export.graph import GraphInputs, build_graph
from trimtab_stages.export.parity import enlarge, measure_parity
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.split import SplitRows
from trimtab_stages.train.network import Dense

ROWS = make_rows(200)
SCALE = Lever(name="scale", op=LeverOp.SCALE)
CLIP = Lever(name="clip", op=LeverOp.CLIP, quantile=Decimal("0.05"))
LEVERS = {
    "no-levers": [],
    "scale": [SCALE],
    "clip-scale": [CLIP, SCALE],
    "select-numeric": [Lever(name="few", op=LeverOp.SELECT, columns=["load"]), SCALE],
    "select-categories-alone": [Lever(name="few", op=LeverOp.SELECT, columns=["kind"])],
    "project": [SCALE, Lever(name="pc", op=LeverOp.PROJECT, components=2), CLIP],
    "project-some": [
        Lever(name="pc", op=LeverOp.PROJECT, components=1, columns=["load", "temperature"])
    ],
}


@dataclass(frozen=True)
class Example:
    preprocessor: Preprocessor
    layers: Sequence[Dense]
    data: bytes
    rows: SplitRows


def example(levers: Sequence[Lever], classes: int = 2, *, categories: bool = True) -> Example:
    rows = ROWS if categories else replace(ROWS, categorical=ROWS.categorical[:, :0])
    names = CATEGORICAL if categories else ()
    preprocessor = fit_preprocessor(rows, levers, names)
    random = np.random.default_rng(1)
    widths = [preprocessor.width, 5, 4, 1 if classes == 2 else classes]
    layers = [
        Dense(
            random.normal(size=(outputs, inputs)).astype(np.float32),
            random.normal(size=outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(widths)
    ]
    inputs = GraphInputs(len(NUMERIC), len(names))
    return Example(
        preprocessor, layers, build_graph(preprocessor, layers, inputs, {"b": "2", "a": "1"}), rows
    )


@pytest.mark.parametrize("levers", LEVERS.values(), ids=LEVERS.keys())
def test_graph_answers_as_numpy_and_torch_do(levers: Sequence[Lever]) -> None:
    made = example(levers)
    parity = measure_parity(Graph(made.data), made.preprocessor, made.layers, made.rows)
    assert parity.rows == 10_000
    assert parity.max_abs_error < 1e-5


def test_graph_without_categories_has_one_input() -> None:
    made = example([SCALE], categories=False)
    graph = Graph(made.data)
    assert graph.widths == {"features": 3}
    assert measure_parity(graph, made.preprocessor, made.layers, made.rows).max_abs_error < 1e-5


def test_several_classes_give_probabilities_that_sum_to_one() -> None:
    made = example([SCALE], classes=3)
    scores = Graph(made.data).scores(made.rows)
    assert scores.shape == (200, 3)
    assert scores.sum(axis=1) == pytest.approx(np.ones(200), abs=1e-5)


def test_two_classes_give_a_vector_of_float32() -> None:
    scores = Graph(example([SCALE]).data).scores(ROWS)
    assert scores.shape == (200,)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_an_unknown_category_is_scored() -> None:
    odd = replace(ROWS.take(slice(0, 1)), categorical=np.array([["never seen"]], dtype=object))
    made = example([SCALE])
    assert Graph(made.data).scores(odd) != pytest.approx(
        Graph(made.data).scores(ROWS.take(slice(1)))
    )


def test_same_content_gives_the_same_bytes_and_other_weights_others() -> None:
    assert example([CLIP, SCALE]).data == example([CLIP, SCALE]).data
    assert example([SCALE]).data != example([CLIP, SCALE]).data


def test_metadata_and_standard_are_readable_by_any_tool() -> None:
    model = onnx.load_from_string(example([SCALE]).data)
    assert {prop.key: prop.value for prop in model.metadata_props} == {"a": "1", "b": "2"}
    assert model.producer_name == "trimtab"
    assert [value.name for value in model.graph.input] == ["features", "categories"]
    assert [value.name for value in model.graph.output] == ["score"]


def test_a_graph_of_other_weights_fails_parity() -> None:
    made, other = example([SCALE]), example([CLIP])
    with pytest.raises(StageError, match="differ from torch") as caught:
        measure_parity(Graph(other.data), made.preprocessor, made.layers, made.rows)
    assert caught.value.reason is StageReason.PARITY_FAILED


def test_enlarging_keeps_the_rows_and_adds_near_ones() -> None:
    more = enlarge(ROWS, 1000)
    assert len(more) == 1000
    assert np.array_equal(more.numeric[:200], ROWS.numeric)
    assert np.array_equal(more.numeric[:, 2], np.full(1000, 3.0, dtype=np.float32))
    assert len(np.unique(more.numeric[:, 0])) > 900
    assert enlarge(ROWS, 100) is ROWS
