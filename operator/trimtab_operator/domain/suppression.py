"""What a guard says when it keeps a retrain from being decided."""

from dataclasses import dataclass

from trimtab_operator.api.decision_reason import DecisionReason


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a retrain is not decided now.

    Attributes:
        reason: which guard.
        message: its numbers in one sentence.
    """

    reason: DecisionReason
    message: str
