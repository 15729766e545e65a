import pytest

from trimtab_operator.domain.sentence import ended, sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("no such host", "no such host.", id="without a stop"),
        pytest.param("No such host.\n", "No such host.", id="with a stop and a line end"),
    ],
)
def test_a_text_ends_with_one_stop(text: str, expected: str) -> None:
    assert ended(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("bucket 'b' is not there", "Bucket 'b' is not there.", id="a plain word"),
        pytest.param("raw/d.csv is not there", "raw/d.csv is not there.", id="a file"),
        pytest.param("`spec.time` is wrong", "`spec.time` is wrong.", id="a field"),
        pytest.param("3 rows are wrong", "3 rows are wrong.", id="a number"),
        pytest.param("", ".", id="nothing"),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_with_a_name(text: str, expected: str) -> None:
    assert sentence(text) == expected
