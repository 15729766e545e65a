import numpy as np

from support.ingesting import make_frame, make_rules
from trimtab_stages.ingest.ranges import reject_out_of_range, reject_unknown_categories


def test_numbers_outside_are_rejected_with_value_and_limits() -> None:
    column = {"name": "x", "unit": "mm", "range": {"min": "0", "max": "300"}}
    frame = make_frame([0, 1, 2, 3, 4], x=[0, 300, 9831.3, np.nan, -1])
    step = reject_out_of_range(frame, make_rules(columns=[column]))
    assert step.frame.source.tolist() == [0, 1, 3]
    assert step.rejected[0].source.tolist() == [2, 4]
    assert step.rejected[0].reasons == (
        "x: 9831.3 is outside 0..300 mm",
        "x: -1 is outside 0..300 mm",
    )


def test_one_sided_ranges() -> None:
    rules = make_rules(columns=[{"name": "x", "range": {"min": "1"}}])
    assert reject_out_of_range(make_frame([0, 1], x=[0.5, 1e9]), rules).frame.source.tolist() == [1]


def test_a_row_with_two_faults_is_rejected_once() -> None:
    limits = {"range": {"max": "1"}}
    columns = [{"name": "x", **limits}, {"name": "z", **limits}]
    step = reject_out_of_range(make_frame([0, 1], x=[5, 0], z=[7, 0]), make_rules(columns=columns))
    assert step.rejected[0].source.tolist() == [0]
    assert step.rejected[0].reasons[0].startswith("x:")


def test_unknown_categories_are_rejected_and_missing_ones_pass() -> None:
    columns = [{"name": "x"}, {"name": "c", "type": "Category", "categories": ["a", "b"]}]
    frame = make_frame([0, 1, 2], x=[1, 1, 1], c=["a", "z", None])
    step = reject_unknown_categories(frame, make_rules(columns=columns))
    assert step.frame.source.tolist() == [0, 2]
    assert step.rejected[0].reasons == ("c: 'z' is no declared category",)


def test_a_column_without_any_value_has_no_unknown_category() -> None:
    columns = [{"name": "x"}, {"name": "c", "type": "Category", "categories": ["a"]}]
    frame = make_frame([0], x=[1], c=["a"]).with_codes("c", np.array([-1], np.int32))
    assert len(reject_unknown_categories(frame, make_rules(columns=columns)).frame) == 1
