"""The operator refuses the same rules before a pod starts as the stage does inside it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.ingesting import make_frame, make_rules
from trimtab_operator.api.dataset import DatasetSpec
from trimtab_operator.domain.dataset_rules import dataset_faults
from trimtab_operator.domain.features import category_features, numeric_features
from trimtab_stages.contract.features import FeatureKind
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.check import check_rules
from trimtab_stages.ingest.features import feature_list

TYPES = st.sampled_from([*(["Number"] * 6), "Boolean", "Category"])
ROLES = st.sampled_from(["Feature", "Source", "Source", "Id", "Protected"])
KNOWN: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        *({} for _ in range(4)),
        {"availability": "KnownInAdvance"},
        {"availability": "After"},
        {"availability": "After", "delaySeconds": 5400},
        {"availability": "After", "delaySeconds": 86_400},
        {"delaySeconds": 3600},
    ]
)
COLUMNS: st.SearchStrategy[dict[str, Any]] = st.tuples(TYPES, ROLES, KNOWN).map(
    lambda of: {"type": of[0], "role": of[1], **of[2]}
)
NAMES = st.sampled_from([*"xxxxxzzzzz", "absent"])
ABOVE = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*"yyyyyyyy", "x", "z_lag1"]),
        "column": NAMES,
        "kind": st.just("Above"),
        "threshold": st.just("0"),
        "horizonSteps": st.integers(0, 2),
    }
)
WITHIN = st.fixed_dictionaries(
    {
        "name": st.just("y"),
        "column": NAMES,
        "kind": st.sampled_from(["MinWithinBelow", "MaxWithinAbove"]),
        "threshold": st.just("0"),
        "horizonSteps": st.sampled_from([0, 1, 2, 3]),
    }
)
VALUE = st.fixed_dictionaries({"name": st.just("y"), "column": NAMES, "kind": st.just("Value")})
TARGETS = st.one_of(ABOVE, ABOVE, WITHIN, WITHIN, VALUE)
GRID = {"column": "ts", "grid": {"intervalSeconds": 3600}}
STEPS = {"column": NAMES, "steps": st.sampled_from([[1], [2], [24], [1, 2], [2, 2]])}
RULES = st.fixed_dictionaries(
    {
        "columns": st.tuples(COLUMNS, COLUMNS).map(
            lambda both: [{"name": "x"} | both[0], {"name": "z"} | both[1]]
        ),
        "target": TARGETS,
        "time": st.sampled_from([{"column": "ts"}, GRID, GRID]),
        "lags": st.sampled_from([1, 1, 1, 0]).flatmap(
            lambda count: st.lists(st.fixed_dictionaries(STEPS), min_size=count, max_size=count)
        ),
        "slopes": st.lists(st.fixed_dictionaries(STEPS), max_size=1),
    },
    optional={"cyclical": st.just({"parts": ["HourOfDay"]})},
)


def refusal_of_the_stage(rules: IngestRules) -> StageReason | None:
    try:
        check_rules(rules)
    except StageError as error:
        return error.reason
    return None


def refusals_of_the_operator(rules: IngestRules) -> set[StageReason]:
    spec = DatasetSpec.model_validate({"source": {"uri": "raw/d.csv"}} | rules.to_wire())
    leaking = StageReason.LEAKING_TARGET
    return {
        leaking if fault.reason == leaking else StageReason.INVALID_INVOCATION
        for fault in dataset_faults(spec)
    }


@settings(max_examples=300)
@given(changes=RULES)
def test_both_refuse_or_neither(changes: dict[str, Any]) -> None:
    rules = make_rules(**changes)
    stage, operator = refusal_of_the_stage(rules), refusals_of_the_operator(rules)
    assert (stage is None) == (not operator)
    if stage is StageReason.LEAKING_TARGET:
        assert operator == {StageReason.LEAKING_TARGET}


@given(changes=RULES)
def test_both_name_the_same_model_inputs(changes: dict[str, Any]) -> None:
    rules = make_rules(**changes)
    if refusal_of_the_stage(rules) is not None:
        return
    texts: dict[str, Any] = {name: ["a", "b"] for name in category_features(rules)}
    listed = feature_list(make_frame([0, 1], **texts), rules)
    kinds = {feature.name: feature.kind for feature in listed}
    assert len(kinds) == len(listed)
    expected = dict.fromkeys(numeric_features(rules), FeatureKind.NUMERIC)
    assert kinds == expected | dict.fromkeys(category_features(rules), FeatureKind.CATEGORICAL)
