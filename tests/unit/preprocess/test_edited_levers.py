"""An edited lever is fitted again with those behind it, by a run that finds the others fitted."""

import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from support.training import Place, make_place, make_recipe, make_spec, write_snapshot
from trimtab_stages.contract.recipe import Lever, LeverOp
from trimtab_stages.contract.run import RunSpec
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.preprocess.run import FITTED, PREPROCESSOR, run_preprocess
from trimtab_stages.runtime.context import StageContext, StageProduct
from trimtab_stages.runtime.progress import ProgressLog

LEVERS = (
    Lever(name="clip", op=LeverOp.CLIP, quantile=Decimal("0.01")),
    Lever(name="few", op=LeverOp.SELECT, columns=["temperature", "load", "kind"]),
    Lever(name="scale", op=LeverOp.SCALE),
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def preprocess(place: Place, levers: Sequence[Lever]) -> StageProduct:
    recipe = make_recipe().model_copy(update={"levers": list(levers)})
    spec = make_spec(place.store, write_snapshot(place.store), recipe)
    return run_preprocess(_context(place, spec), {})


def _context(place: Place, spec: RunSpec) -> StageContext:
    log = ProgressLog(place.store, spec.run, "001")
    keys, stop = stage_keys(spec), threading.Event()
    return StageContext(spec, keys, place.store, place.work, log, stop, threads=1)


@pytest.mark.parametrize(
    ("edit", "fitted"),
    [
        pytest.param({}, 0, id="nothing"),
        pytest.param({2: {"name": "last"}}, 1, id="last"),
        pytest.param({1: {"columns": ["load", "kind"]}}, 2, id="second"),
        pytest.param({0: {"quantile": Decimal("0.02")}}, 3, id="first"),
    ],
)
def test_an_edited_lever_is_fitted_again_with_those_behind_it(
    place: Place, edit: dict[int, dict[str, object]], fitted: int
) -> None:
    edited = [lever.model_copy(update=edit.get(index, {})) for index, lever in enumerate(LEVERS)]
    assert preprocess(place, LEVERS).numbers[FITTED] == len(LEVERS)
    assert preprocess(place, edited).numbers[FITTED] == fitted


def test_what_an_earlier_run_fitted_makes_the_same_preprocessing(place: Place) -> None:
    first, again = preprocess(place, LEVERS), preprocess(place, LEVERS)
    assert again.outputs[PREPROCESSOR] == first.outputs[PREPROCESSOR]
