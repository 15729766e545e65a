import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab_operator.monitor.sequences import Writer, count_missing, newest_of, writer_of


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


def numbers(*found: int, process: str = "p-1") -> list[str]:
    return keys(*(f"{process}-{number:08d}" for number in found))


@pytest.mark.parametrize(
    ("taken", "before", "missing"),
    [
        pytest.param([5, 6], [3, 4], 0, id="the next ones"),
        pytest.param([7, 8], [3, 4], 2, id="a hole in front of them"),
        pytest.param([7, 9], [3, 4], 3, id="a hole in front and one between"),
        pytest.param([7, 12], [3, 9], 2, id="what lies below the window before was counted there"),
        pytest.param([5], [3, 9], 0, id="only older than those of the window before"),
        pytest.param([4, 5], [3, 4], 0, id="one belongs to both"),
        pytest.param([], [3, 4], 0, id="nothing taken"),
    ],
)
def test_a_hole_in_front_of_a_window_is_counted_in_it(
    taken: list[int], before: list[int], missing: int
) -> None:
    present = numbers(*taken, *before)
    assert count_missing(numbers(*taken), present, numbers(*before)) == missing


def test_another_process_of_windows_before_says_nothing() -> None:
    taken, before = numbers(7, 9), numbers(3, process="q-1")
    assert count_missing(taken, taken + before, before) == 1


@given(data=st.data())
def test_windows_together_count_every_hole_once(data: st.DataObject) -> None:
    written = data.draw(st.integers(2, 40))
    lost = data.draw(st.sets(st.integers(1, written - 2)) if written > 2 else st.just(set()))
    there = [number for number in range(written) if number not in lost]
    windows = data.draw(st.lists(st.sets(st.sampled_from(there), min_size=1), max_size=5))
    windows = [{0}, *windows, {written - 1}]
    before: list[str] = []
    counted = 0
    for taken in windows:
        counted += count_missing(numbers(*taken), numbers(*there), before)
        before += numbers(*taken)
    assert counted == len(lost)


def test_the_newest_key_of_each_process() -> None:
    found = [*numbers(3, 11, 4), *numbers(9, 2, process="q-1")]
    assert sorted(newest_of(found)) == [*numbers(11), *numbers(9, process="q-1")]
