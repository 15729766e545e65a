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

COLUMNS = st.fixed_dictionaries(
    {"type": st.sampled_from(["Number", "Number", "Boolean", "Category"])},
    optional={
        "role": st.sampled_from(["Feature", "Source", "Id", "Protected"]),
        "availability": st.sampled_from(["AtEventTime", "KnownInAdvance", "After"]),
        "delaySeconds": st.sampled_from([3600, 5400, 86_400]),
    },
)
NAMES = st.sampled_from(["x", "x", "z", "z", "absent"])
TARGETS = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["y", "y", "y", "x", "z_lag1"]),
            "column": NAMES,
            "kind": st.sampled_from(["Above", "MinWithinBelow", "MaxWithinAbove"]),
            "threshold": st.just("0"),
            "horizonSteps": st.integers(0, 2),
        }
    ),
    st.fixed_dictionaries(
        {
            "name": st.just("y"),
            "column": NAMES,
            "kind": st.just("Value"),
            "horizonSteps": st.integers(0, 1),
        }
    ),
)
GRID = {"column": "ts", "grid": {"intervalSeconds": 3600}}
STEPS = {"column": NAMES, "steps": st.lists(st.sampled_from([1, 2, 24]), min_size=1, max_size=2)}
RULES = st.fixed_dictionaries(
    {
        "columns": st.tuples(COLUMNS, COLUMNS).map(
            lambda both: [{"name": "x"} | both[0], {"name": "z"} | both[1]]
        ),
        "target": TARGETS,
        "time": st.sampled_from([{"column": "ts"}, GRID, GRID]),
        "lags": st.lists(st.fixed_dictionaries(STEPS), max_size=2),
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


@settings(deadline=None, max_examples=300)
@given(changes=RULES)
def test_both_refuse_or_neither(changes: dict[str, Any]) -> None:
    rules = make_rules(**changes)
    stage, operator = refusal_of_the_stage(rules), refusals_of_the_operator(rules)
    assert (stage is None) == (not operator)
    if stage is StageReason.LEAKING_TARGET:
        assert operator == {StageReason.LEAKING_TARGET}


@settings(deadline=None)
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
