from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from support.training import counting_clock, fit_preprocessor, make_rows, raw_columns
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Lever, LeverOp
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.run import fit_levers

ROWS = make_rows(500)
SCALE = Lever(name="scale", op=LeverOp.SCALE)


def fit(*levers: Lever) -> Preprocessor:
    return fit_preprocessor(ROWS, levers)


def test_scale_standardises_and_leaves_constants_finite() -> None:
    x = fit(SCALE).transform(ROWS)
    assert x[:, :2].mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert x[:, :2].std(axis=0) == pytest.approx([1, 1], abs=1e-5)
    assert np.array_equal(x[:, 2], np.zeros(500))


def test_scale_of_some_columns_leaves_the_others() -> None:
    x = fit(Lever(name="scale", op=LeverOp.SCALE, columns=["load"])).transform(ROWS)
    assert np.array_equal(x[:, 0], ROWS.numeric[:, 0])
    assert x[:, 1].mean() == pytest.approx(0, abs=1e-5)


def test_clip_limits_to_mirrored_quantiles() -> None:
    x = fit(Lever(name="clip", op=LeverOp.CLIP, quantile=Decimal("0.1"))).transform(ROWS)
    low, high = np.quantile(ROWS.numeric[:, 0], [0.1, 0.9])
    assert (x[:, 0].min(), x[:, 0].max()) == pytest.approx((low, high), rel=1e-6)


def test_select_keeps_named_numeric_and_categorical_features() -> None:
    fitted = fit(Lever(name="few", op=LeverOp.SELECT, columns=["load", "kind"]))
    assert fitted.numeric == ["load"]
    assert fitted.transform(ROWS).shape == (500, 3)
    assert np.array_equal(fitted.transform(ROWS)[:, 0], ROWS.numeric[:, 1])


def test_select_can_drop_the_categorical_features() -> None:
    fitted = fit(Lever(name="few", op=LeverOp.SELECT, columns=["load"]))
    assert fitted.vocabularies == []
    assert fitted.width == 1
    assert fitted.levers[0].loss > 0.4


def test_projection_is_that_of_a_singular_value_decomposition() -> None:
    fitted = fit(SCALE, Lever(name="pc", op=LeverOp.PROJECT, components=1))
    scaled = fit(SCALE).transform(ROWS)[:, :3]
    direction = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2][0]
    direction *= np.sign(direction[np.abs(direction).argmax()])
    assert fitted.numeric == ["pc_1"]
    assert fitted.transform(ROWS)[:, 0] == pytest.approx(scaled @ direction, abs=1e-4)


def test_projection_of_some_columns_keeps_the_others() -> None:
    lever = Lever(name="pc", op=LeverOp.PROJECT, components=1, columns=["temperature", "load"])
    fitted = fit(lever)
    assert fitted.numeric == ["pc_1", "constant"]
    assert fitted.transform(ROWS)[:, 1] == pytest.approx(np.full(500, 3.0))


def test_unknown_category_has_zeros_in_all_its_columns() -> None:
    odd = replace(ROWS.take(slice(0, 1)), categorical=np.array([["never seen"]], dtype=object))
    assert fit(SCALE).transform(odd)[0, 3:].tolist() == [0.0, 0.0]


def test_every_lever_reports_loss_limit_cost_and_widths() -> None:
    lever = Lever(name="pc", op=LeverOp.PROJECT, components=1, max_information_loss=Decimal("0.05"))
    scale, project = fit(SCALE, lever).levers
    assert (scale.loss, scale.limit, scale.columns_in, scale.columns_out) == (0.0, None, 5, 5)
    assert (project.limit, project.columns_in, project.columns_out) == (0.05, 5, 3)
    assert 0.01 < project.loss < 0.5
    assert scale.seconds == project.seconds == 1.0


@pytest.mark.parametrize(
    ("lever", "words"),
    [
        pytest.param(
            Lever(name="s", op=LeverOp.SCALE, columns=["humidity"]), "humidity", id="unknown-column"
        ),
        pytest.param(
            Lever(name="s", op=LeverOp.SCALE, columns=["kind"]), "kind", id="categorical-in-scale"
        ),
        pytest.param(
            Lever(name="s", op=LeverOp.PROJECT, components=4), "4 components of 3", id="too-many"
        ),
        pytest.param(Lever(name="s", op=LeverOp.SELECT, columns=[]), "keeps no", id="none-left"),
    ],
)
def test_a_lever_that_does_not_fit_says_why(lever: Lever, words: str) -> None:
    with pytest.raises(StageError, match=words) as caught:
        fit(lever)
    assert caught.value.reason is StageReason.INVALID_INVOCATION


def test_a_column_that_a_lever_before_has_replaced_is_unknown() -> None:
    project = Lever(name="pc", op=LeverOp.PROJECT, components=2)
    with pytest.raises(StageError, match="temperature"):
        fit(project, Lever(name="s", op=LeverOp.SCALE, columns=["temperature"]))


def test_fitted_preprocessing_survives_its_json_form_exactly() -> None:
    fitted = fit(
        Lever(name="clip", op=LeverOp.CLIP, quantile=Decimal("0.01")),
        SCALE,
        Lever(name="pc", op=LeverOp.PROJECT, components=2),
    )
    read = Preprocessor.model_validate_json(fitted.to_bytes())
    assert np.array_equal(read.transform(ROWS), fitted.transform(ROWS))


def test_levers_that_are_fitted_already_are_taken_as_they_are() -> None:
    levers = [
        Lever(name="few", op=LeverOp.SELECT, columns=["temperature", "load", "kind"]),
        SCALE,
        Lever(name="pc", op=LeverOp.PROJECT, components=1),
    ]
    before = raw_columns(ROWS)
    whole, behind = fit_levers(ROWS, before, levers)
    clock = counting_clock()
    again, columns = fit_levers(ROWS, before, levers, whole[:2], clock)
    assert again[:2] == whole[:2]
    assert clock() == 2.0, "one lever was measured"
    assert again[2].step == whole[2].step
    assert np.array_equal(columns.values, behind.values)
    assert (columns.numeric, columns.vocabularies) == (behind.numeric, behind.vocabularies)
