"""Cache keys: which edits run which stages again."""

from typing import Any

import pytest

from support.contract_samples import MODEL, OTHER, RUN_SPEC, artifact
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import RunSpec, StageName
from trimtab_stages.contract.stage_key import lever_keys, stage_keys

ALL = ["preprocess", "train", "export", "evaluate"]


def edited(**changes: Any) -> RunSpec:
    return RunSpec.model_validate(RUN_SPEC.model_dump() | changes)


def with_recipe(**changes: Any) -> RunSpec:
    recipe = RUN_SPEC.recipe.model_dump()
    for name, change in changes.items():
        recipe[name] = recipe[name] | change if isinstance(change, dict) else change
    return edited(recipe=Recipe.model_validate(recipe))


@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        pytest.param(edited(run="other", trigger_id="x"), [], id="another-cause"),
        pytest.param(edited(manifest=artifact("other.json")), [], id="manifest-moved"),
        pytest.param(with_recipe(gates=[]), [], id="gates"),
        pytest.param(with_recipe(training={"checkpoint_every_epochs": 3}), [], id="checkpoints"),
        pytest.param(edited(snapshot=OTHER), ALL, id="snapshot"),
        pytest.param(edited(code_version="0.2.0"), ALL, id="code"),
        pytest.param(with_recipe(levers=[]), ALL, id="levers"),
        pytest.param(
            with_recipe(levers=list(reversed(RUN_SPEC.recipe.levers))), ALL, id="lever-order"
        ),
        pytest.param(with_recipe(model={"hidden": [8]}), ALL[1:], id="model"),
        pytest.param(with_recipe(training={"seed": 8}), ALL[1:], id="seed"),
        pytest.param(with_recipe(training={"refit_on_all": True}), ALL[2:], id="refit"),
        pytest.param(with_recipe(decision={"min_recall": "0.9"}), ALL[3:], id="decision"),
        pytest.param(edited(champion=None), ALL[3:], id="no-champion"),
        pytest.param(
            edited(champion={"digest": MODEL, "file": artifact("m", MODEL), "threshold": 0.6}),
            ALL[3:],
            id="champion-threshold",
        ),
    ],
)
def test_edits_change_the_keys_from_their_stage_on(spec: RunSpec, changed: list[str]) -> None:
    before, after = stage_keys(RUN_SPEC), stage_keys(spec)
    assert [stage for stage in before if before[stage] != after[stage]] == changed


def test_keys_are_digests_that_never_coincide() -> None:
    keys = stage_keys(with_recipe(training={"refit_on_all": True}))
    assert list(keys) == list(StageName)
    assert len(set(keys.values())) == len(keys)
    assert all(key.startswith("sha256:") for key in keys.values())


def test_refit_is_no_stage_unless_asked_for() -> None:
    assert StageName.REFIT not in stage_keys(RUN_SPEC)


LEVERS = [
    {"name": "scale", "op": "Scale"},
    {"name": "clip", "op": "Clip", "quantile": "0.01"},
    {"name": "again", "op": "Scale"},
]


@pytest.mark.parametrize(
    ("spec", "fitted"),
    [
        pytest.param(with_recipe(levers=LEVERS, gates=[]), [], id="gates"),
        pytest.param(with_recipe(levers=LEVERS, model={"hidden": [8]}), [], id="model"),
        pytest.param(
            with_recipe(levers=[*LEVERS[:1], LEVERS[1] | {"quantile": "0.02"}, LEVERS[2]]),
            [1, 2],
            id="second-lever",
        ),
        pytest.param(
            with_recipe(levers=[*LEVERS[:2], {"name": "last", "op": "Scale"}]), [2], id="last-lever"
        ),
        pytest.param(
            with_recipe(levers=LEVERS).model_copy(update={"code_version": "0.2.0"}),
            [0, 1, 2],
            id="code",
        ),
        pytest.param(
            with_recipe(levers=LEVERS).model_copy(update={"snapshot": OTHER}),
            [0, 1, 2],
            id="snapshot",
        ),
    ],
)
def test_an_edited_lever_changes_the_keys_of_the_levers_from_there_on(
    spec: RunSpec, fitted: list[int]
) -> None:
    before, after = lever_keys(with_recipe(levers=LEVERS)), lever_keys(spec)
    assert [index for index in range(3) if before[index] != after[index]] == fitted
