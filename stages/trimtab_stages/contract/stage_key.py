"""Stage cache keys: a stage whose inputs, parameters and code are unchanged is not run again."""

from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import RunSpec, StageName

_NOT_IN_KEY = frozenset({"refitOnAll", "checkpointEveryEpochs"})


def stage_keys(spec: RunSpec) -> dict[StageName, str]:
    """Return the cache key of every stage of a run.

    Each key contains the key of the stage before it, so an edited lever re-runs from there on (of
    the levers themselves those behind it, see `lever_keys`), and an edited gate re-runs nothing:
    gates are no stage. Refit is a stage of its own, so
    switching it on trains nothing again; the checkpoint interval changes no result and is in no
    key.
    """
    recipe = spec.recipe
    own: dict[StageName, object] = {
        StageName.PREPROCESS: {
            "snapshot": spec.snapshot,
            "levers": [lever.to_wire() for lever in recipe.levers],
        },
        StageName.TRAIN: {"model": recipe.model.to_wire(), "training": _optimisation(recipe)},
        **({StageName.REFIT: {}} if recipe.training.refit_on_all else {}),
        StageName.EXPORT: {},
        StageName.EVALUATE: {
            "decision": recipe.decision.to_wire(),
            "champion": spec.champion.to_wire() if spec.champion else None,
        },
    }
    keys: dict[StageName, str] = {}
    previous = ""
    for stage, parameters in own.items():
        previous = digest_of(
            {
                "stage": stage,
                "code": spec.code_version,
                "parameters": parameters,
                "previous": previous,
            }
        )
        keys[stage] = previous
    return keys


def lever_keys(spec: RunSpec) -> list[str]:
    """Return the cache key of every fitted lever, in order; each contains the key before it."""
    keys: list[str] = []
    for lever in spec.recipe.levers:
        previous = keys[-1] if keys else spec.snapshot
        keys.append(
            digest_of({"code": spec.code_version, "lever": lever.to_wire(), "previous": previous})
        )
    return keys


def _optimisation(recipe: Recipe) -> dict[str, object]:
    wire = recipe.training.to_wire()
    return {name: wire[name] for name in wire if name not in _NOT_IN_KEY}
