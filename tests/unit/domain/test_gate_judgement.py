"""The operator's own judgement, and how it is told."""

from support.worlds import commit
from trimtab_operator.domain.gate_judgement import describe, judge_commit
from trimtab_stages.contract.gates import GateKind, GateResult, Outcome, default_gates


def result(name: str, outcome: Outcome) -> GateResult:
    return GateResult(name=name, kind=GateKind.PARITY, outcome=outcome, message="numbers")


def test_results_that_did_not_pass_come_first() -> None:
    results = [
        result("a", Outcome.PASSED),
        result("b", Outcome.INCONCLUSIVE),
        result("c", Outcome.FAILED),
    ]

    assert describe(results) == "c Failed: numbers; b Inconclusive: numbers; a Passed: numbers."


def test_without_gates_everything_passes_and_says_so() -> None:
    judged = judge_commit([], commit())

    assert judged.outcome is Outcome.PASSED
    assert judged.message == "no gate is declared."


def test_the_pods_own_outcome_is_not_asked() -> None:
    lying = commit().model_copy(update={"outcome": Outcome.FAILED})

    assert judge_commit(default_gates(), lying).outcome is Outcome.PASSED
