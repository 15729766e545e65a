"""The operator's own judgement of a run's evidence; only this one promotes."""

from dataclasses import dataclass

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.domain.conditions import Verdict, is_false, is_true, is_unknown
from trimtab_stages.contract.gates import Gate, GateResult, Outcome, judge, overall
from trimtab_stages.contract.run import Commit


@dataclass(frozen=True, slots=True)
class Judgement:
    """Outcome of all gates, its condition, and the numbers in one text."""

    outcome: Outcome
    results: list[GateResult]
    verdict: Verdict
    message: str


def judge_commit(gates: list[Gate], commit: Commit) -> Judgement:
    """Return the gates' results on the commit's evidence. What the pod says is not asked."""
    results = judge(gates, commit.evidence)
    outcome = overall(results)
    message = describe(results)
    return Judgement(outcome, results, _verdict(outcome, message), message)


def describe(results: list[GateResult]) -> str:
    """Return all results in one text, those that did not pass first."""
    order = {Outcome.FAILED: 0, Outcome.INCONCLUSIVE: 1, Outcome.PASSED: 2}
    ranked = sorted(results, key=lambda result: order[result.outcome])
    if not ranked:
        return "no gate is declared."
    return "; ".join(f"{item.name} {item.outcome}: {item.message}" for item in ranked) + "."


def _verdict(outcome: Outcome, message: str) -> Verdict:
    kind = ConditionType.GATES_PASSED
    match outcome:
        case Outcome.PASSED:
            return is_true(kind, Reason.PASSED, message)
        case Outcome.FAILED:
            return is_false(kind, Reason.GATES_FAILED, message)
        case Outcome.INCONCLUSIVE:
            return is_unknown(kind, Reason.INCONCLUSIVE, message)
