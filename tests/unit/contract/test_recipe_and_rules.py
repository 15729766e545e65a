"""Rules between fields of recipes, ingest rules and serving plans, and what defaults give."""

from typing import Any

import pytest
from pydantic import ValidationError

from support.contract_samples import DATA, PLAN, RECIPE, RULES
from trimtab_stages.contract.features import Column, ColumnRole, ColumnType
from trimtab_stages.contract.ingest import IngestRules, Missing, Source, Target
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Lever, LeverOp, Recipe
from trimtab_stages.contract.serving_plan import PlanVersion, ServingPlan


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"op": "Clip"}, "needs `quantile`"),
        ({"op": "Project"}, "needs `components`"),
        ({"op": "Select"}, "needs `columns`"),
        ({"op": "Scale", "quantile": "0.1"}, "`quantile` belongs to op Clip, not Scale"),
        ({"op": "Clip", "quantile": "0.1", "components": 2}, "`components` belongs to op Project"),
    ],
)
def test_lever_fields_fit_the_op(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Lever.model_validate({"name": "x", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"op": "Scale"},
        {"op": "Scale", "columns": ["a"]},
        {"op": "Clip", "quantile": "0.01"},
        {"op": "Select", "columns": ["a"]},
        {"op": "Project", "components": 2, "columns": ["a", "b"]},
    ],
    ids=lambda fields: "-".join(fields.values() if len(fields) == 1 else fields),
)
def test_fitting_levers_are_accepted(fields: dict[str, Any]) -> None:
    assert Lever.model_validate({"name": "x", **fields}).op is LeverOp(fields["op"])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strategy": "Constant"}, "`value` must be set"),
        ({"strategy": "DropRow", "value": "1"}, "`value` must be set"),
    ],
)
def test_missing_rule_needs_its_value(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Missing.model_validate({"columns": ["a"], **fields})


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({"kind": "Value"}, True),
        ({"kind": "Value", "threshold": "1"}, False),
        ({"kind": "Above"}, False),
        ({"kind": "Above", "threshold": "1"}, True),
        ({"kind": "Above", "trainQuantile": "0.5"}, True),
        ({"kind": "Above", "threshold": "1", "trainQuantile": "0.5"}, False),
        ({"kind": "MinWithinBelow", "threshold": "70", "horizonSteps": 6}, True),
    ],
)
def test_target_has_the_thresholds_of_its_kind(fields: dict[str, Any], *, accepted: bool) -> None:
    body = {"name": "y", "column": "x", **fields}
    if accepted:
        assert Target.model_validate(body).kind == fields["kind"]
    else:
        with pytest.raises(ValidationError, match="of `threshold` and `trainQuantile`"):
            Target.model_validate(body)


@pytest.mark.parametrize(
    ("weights", "words"),
    [([60, 60], "sum to 100, they sum to 120"), ([99], "they sum to 99")],
    ids=str,
)
def test_weights_must_sum_to_100(weights: list[int], words: str) -> None:
    versions = [{"digest": DATA, "key": "k", "weight": weight} for weight in weights]
    with pytest.raises(ValidationError, match=words):
        ServingPlan.model_validate({"model": "m", "versions": versions})


def test_a_shadow_answers_nothing() -> None:
    shadow = PlanVersion(digest=DATA, key="k", weight=50, shadow=True)
    with pytest.raises(ValidationError, match="weight 0"):
        ServingPlan.model_validate({"model": "m", "versions": [shadow, shadow]})


def test_plan_revision_is_of_its_content() -> None:
    same = ServingPlan.from_bytes(PLAN.to_bytes())
    other = PLAN.model_copy(update={"pane_seconds": 60})
    assert same.revision == PLAN.revision
    assert other.revision != PLAN.revision


def test_ten_line_recipe_is_complete() -> None:
    recipe = Recipe()
    assert [lever.op for lever in recipe.levers] == [LeverOp.SCALE]
    assert [gate.name for gate in recipe.gates] == ["parity", "not-worse"]
    assert Recipe.model_validate(recipe.to_wire()) == recipe


@pytest.mark.parametrize("sample", [RULES, RECIPE], ids=["rules", "recipe"])
def test_rules_round_trip(sample: IngestRules | Recipe) -> None:
    assert type(sample).model_validate(sample.to_wire()) == sample


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("learningRate", "0"),
        ("learningRate", "11"),
        ("weightAveraging", "1"),
        ("batchSize", 0),
        ("seed", -1),
    ],
)
def test_training_bounds(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Recipe.model_validate({"training": {field: value}})


def test_defaults_of_columns_and_sources() -> None:
    column = Column(name="x")
    assert (column.type, column.role) == (ColumnType.NUMBER, ColumnRole.FEATURE)
    assert "nil" in Source(uri="x.csv").na_tokens


def test_stage_error_carries_reason_and_message() -> None:
    error = StageError(StageReason.MISSING_COLUMN, "column 'x' is not in a.csv; add it")
    assert str(error) == "MissingColumn: column 'x' is not in a.csv; add it"
    assert error.reason is StageReason.MISSING_COLUMN
