import json
import logging
import sys

from trimtab_operator.telemetry.logs import JsonFormatter


def record(**own: object) -> logging.LogRecord:
    made = logging.LogRecord("trimtab", logging.WARNING, __file__, 1, "said %s", ("so",), None)
    made.__dict__.update(own)
    return made


def test_a_line_is_one_json_object_with_the_callers_fields() -> None:
    line = json.loads(JsonFormatter().format(record(cause="x\ny", count=3)))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "trimtab",
        "message": "said so",
        "cause": "x\ny",
        "count": 3,
    }


def test_a_trace_is_part_of_the_line() -> None:
    try:
        int("boom")
    except ValueError:
        made = record(exc_info=sys.exc_info())
    text = JsonFormatter().format(made)
    assert "\n" not in text
    assert "ValueError: invalid literal" in json.loads(text)["trace"]


def test_values_that_json_does_not_know_are_written_as_text() -> None:
    assert "object" in json.loads(JsonFormatter().format(record(value=object())))["value"]
