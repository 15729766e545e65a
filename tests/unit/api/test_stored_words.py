"""All words that status and audit log store: none may go, and unknown ones are read all the same.

An older operator meets the words of a newer one after a downgrade. A word that is renamed or taken
away is met by every upgrade.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from trimtab_operator.api.kinds import KINDS
from trimtab_stages.contract.audit import AuditRecord

WORDS = {
    "AuditAction": "SnapshotCommitted RunStarted GatesJudged RunFailed Promoted RetrainDecided "
    "RetrainSuppressed RetrainSuggested RetrainAccepted RetrainEnded SlotWaitEnded AlertRaised "
    "RetrainingHeld Waited BreakerOpened BreakerReset RolloutStarted RolloutHeld RolledBack",
    "DecisionOutcome": "Retrain Suggest Suppress Alert HoldRetraining Wait",
    "DecisionReason": "RuleHolds Accepted NoRuleHolds NotSustained NotMeasured VersionReplaced "
    "Suspended Observing NoPipeline NoVerdictTrigger PipelineSuspended InFlight Cooldown "
    "BreakerOpen FailureBackoff BudgetExhausted FleetBusy",
    "RetrainState": "Pending Running Passed Failed RolledBack Withdrawn Deleted",
    "RolloutStage": "FirstPod Shadow",
    "RolloutState": "Progressing Held Promoted RolledBack",
}
STORED_IN: list[type[BaseModel]] = [*(kind.status_type for kind in KINDS), AuditRecord]


def word_fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, type[StrEnum]]]:
    """Yield every field below a model that holds a word, with its enum."""
    for name, field in model.model_fields.items():
        for inner in parts(field.annotation):
            if issubclass(inner, BaseModel):
                yield from word_fields(inner)
            elif issubclass(inner, StrEnum):
                yield f"{model.__name__}.{name}", field, inner


def parts(annotation: Any) -> Iterator[type]:
    """Yield the classes that an annotation is made of."""
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


FIELDS = {name: (field, words) for model in STORED_IN for name, field, words in word_fields(model)}


def test_the_words_that_are_stored() -> None:
    stored = {words.__name__: words for _, words in FIELDS.values()}

    found = {name: " ".join(stored[name]) for name in WORDS}
    assert found == WORDS
    assert sorted(stored.keys() - WORDS.keys()) == [
        "DataFaultKind",
        "GateKind",
        "Outcome",
        "QualityReference",
        "SignalKind",
        "SignalState",
    ]


@pytest.mark.parametrize("name", FIELDS)
def test_a_word_of_a_newer_trimtab_is_read_and_written_back(name: str) -> None:
    field, words = FIELDS[name]
    annotated: Any = field.annotation
    if field.metadata:
        annotated = Annotated[annotated, *field.metadata]
    stored = TypeAdapter(annotated)

    assert stored.validate_python(next(iter(words)).value) is next(iter(words))
    found = stored.validate_python("FromTheFuture")
    assert found not in set(words)
    assert stored.dump_python(found, mode="json") == "FromTheFuture"
