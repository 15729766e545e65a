import pytest

from trimtab_operator.monitor.sequences import Writer, count_missing, writer_of


def keys(*names: str) -> list[str]:
    return [f"serving/m/panes/0123/000000000300/{name}.json" for name in names]


def test_the_writer_of_a_key() -> None:
    key = "serving/m/decisions/2026-01-02/bikes-7d9-x2-18f3a-00000012.bin"
    assert writer_of(key) == Writer("bikes-7d9-x2-18f3a", 12)


@pytest.mark.parametrize("key", ["serving/m/decisions/x.bin", "a/b-c.json", ""])
def test_a_key_of_another_form_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="does not end in"):
        writer_of(key)


@pytest.mark.parametrize(
    ("taken", "present", "missing"),
    [
        pytest.param([], [], 0, id="nothing taken"),
        pytest.param(["p-1-00000003"], None, 0, id="one alone says nothing"),
        pytest.param(["p-1-00000003", "p-1-00000004"], None, 0, id="no hole"),
        pytest.param(["p-1-00000003", "p-1-00000006"], None, 2, id="a hole of two"),
        pytest.param(
            ["p-1-00000003", "p-1-00000005"],
            ["p-1-00000003", "p-1-00000004", "p-1-00000005"],
            0,
            id="what lies between belongs to another window",
        ),
        pytest.param(
            ["p-1-00000003", "p-1-00000005"],
            ["p-1-00000003", "p-1-00000005", "p-2-00000004"],
            1,
            id="another process fills no hole",
        ),
        pytest.param(
            ["p-1-00000001", "p-1-00000003", "q-1-00000007", "q-1-00000009"],
            None,
            2,
            id="every process counts on its own",
        ),
        pytest.param(
            ["p-1-00000001", "p-1-00000002"],
            ["p-1-00000001", "p-1-00000002", "p-1-00000009"],
            0,
            id="a hole behind the window is not the window's",
        ),
    ],
)
def test_missing_objects_between_those_taken(
    taken: list[str], present: list[str] | None, missing: int
) -> None:
    assert count_missing(keys(*taken), keys(*(taken if present is None else present))) == missing
