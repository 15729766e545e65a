"""A rollout has ended, or goes on, only when the operator says so and the pods follow."""

from datetime import UTC, datetime
from typing import Any

import pytest

from demo.rollout_view import end_of, goes_on, is_shadowing
from trimtab_operator.api.rollout import Rollout, RolloutEvidence, RolloutState, RolloutStatus
from trimtab_operator.domain.rollout import judge_rollout
from trimtab_operator.domain.version_health import Health

CHALLENGER, OTHER = (f"sha256:{digit * 64}" for digit in "ab")
THROUGH = datetime(2012, 8, 2, tzinfo=UTC)
NEWEST_NS = int(THROUGH.timestamp()) * 1_000_000_000
HOUR_NS = 3_600_000_000_000
MOVING = [{"type": "Reconciling", "status": "True"}]


def evidence(labelled: int, rows: int = 400, **fields: Any) -> RolloutEvidence:
    given = {"digest": CHALLENGER, "rows": rows, "labelled": labelled, "through": THROUGH}
    return RolloutEvidence.model_validate(given | fields)


def judgement(seen: RolloutEvidence | None, *, confirmed: bool = True) -> str:
    """Return what the operator writes when it has judged some evidence."""
    return judge_rollout(Rollout(), seen, Health(), confirmed=confirmed).message


def status(found: RolloutEvidence | None, message: str, **fields: Any) -> dict[str, Any]:
    """Return a Model's status; `fields` are of its rollout."""
    given = {"digest": CHALLENGER, "plan_revision": "r2", "message": message, "evidence": found}
    rollout = RolloutStatus.model_validate(given | fields)
    return {"rollout": rollout.to_wire(), "planRevision": "r2", "conditions": []}


JUDGED = status(evidence(48), judgement(evidence(48)))


@pytest.mark.parametrize(
    ("found", "newest_ns", "goes"),
    [
        pytest.param(JUDGED, NEWEST_NS, True, id="judged"),
        pytest.param(
            status(evidence(48, rows=403), judgement(evidence(48))),
            NEWEST_NS,
            True,
            id="more rows without a label since",
        ),
        pytest.param(
            status(evidence(48), judgement(evidence(24))),
            NEWEST_NS,
            False,
            id="found by the monitor, not judged yet",
        ),
        pytest.param(JUDGED, NEWEST_NS + HOUR_NS, False, id="newer rows were played"),
        pytest.param(
            status(evidence(48), judgement(evidence(48), confirmed=False)),
            NEWEST_NS,
            False,
            id="a pod does not follow",
        ),
        pytest.param(status(None, judgement(None)), NEWEST_NS, False, id="no evidence"),
        pytest.param(
            status(evidence(0, through=None), judgement(evidence(0))),
            NEWEST_NS,
            False,
            id="no label yet",
        ),
        pytest.param(
            status(evidence(48), judgement(evidence(48)), state=RolloutState.PROMOTED),
            NEWEST_NS,
            False,
            id="promoted by it",
        ),
        pytest.param(
            status(evidence(48), judgement(evidence(48)), digest=OTHER),
            NEWEST_NS,
            False,
            id="another challenger",
        ),
        pytest.param({"conditions": []}, NEWEST_NS, False, id="no rollout"),
    ],
)
def test_it_goes_on_when_all_played_rows_were_judged(
    found: dict[str, Any], newest_ns: int, *, goes: bool
) -> None:
    assert goes_on(found, CHALLENGER, newest_ns) is goes


@pytest.mark.parametrize(
    ("found", "state"),
    [
        pytest.param(JUDGED, None, id="progressing"),
        pytest.param(status(None, "", state=RolloutState.PROMOTED), "Promoted", id="promoted"),
        pytest.param(status(None, "", state=RolloutState.ROLLED_BACK), "RolledBack", id="back"),
        pytest.param(
            status(None, "", state=RolloutState.PROMOTED) | {"conditions": MOVING},
            None,
            id="pods do not follow yet",
        ),
        pytest.param(
            status(None, "", state=RolloutState.PROMOTED, digest=OTHER), None, id="another one"
        ),
        pytest.param({"conditions": []}, None, id="no rollout"),
    ],
)
def test_it_has_ended_when_every_pod_follows(found: dict[str, Any], state: str | None) -> None:
    ended = end_of(found, CHALLENGER)
    assert (ended and ended["state"]) == state


@pytest.mark.parametrize(
    ("found", "shadowing"),
    [
        pytest.param(JUDGED, True, id="all follow"),
        pytest.param(JUDGED | {"planRevision": "r1"}, False, id="some are loading it"),
        pytest.param(status(None, "", plan_revision=None), False, id="ended"),
        pytest.param(status(None, "", digest=OTHER), False, id="another one"),
        pytest.param({"planRevision": "r2"}, False, id="no rollout"),
    ],
)
def test_it_is_in_the_shadow_when_every_pod_has_loaded_it(
    found: dict[str, Any], *, shadowing: bool
) -> None:
    assert is_shadowing(found, CHALLENGER) is shadowing
