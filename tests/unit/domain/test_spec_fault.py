"""How faults of a spec are told."""

from trimtab_operator.domain.spec_fault import SpecFault, verdict_of


def test_no_fault_is_valid() -> None:
    assert verdict_of([]).status == "True"


def test_the_first_fault_gives_the_reason() -> None:
    faults = [SpecFault("spec.a", "is wrong", "LeakingTarget"), SpecFault("spec.b", "is too")]

    verdict = verdict_of(faults)

    assert verdict.reason == "LeakingTarget"
    assert verdict.message == "`spec.a`: is wrong; `spec.b`: is too."


def test_more_than_five_are_counted() -> None:
    faults = [SpecFault(f"spec.{n}", "is wrong") for n in range(7)]

    assert verdict_of(faults).message.endswith("`spec.4`: is wrong; and 2 more.")
