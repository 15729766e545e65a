from collections.abc import Callable

import pyarrow as pa
import pytest

from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.snapshot import TargetInfo
from trimtab_stages.ingest.content import content_digest

FEATURES = [Feature(name="x")]
TARGET = TargetInfo(name="y", classes=["0", "1"])


def table(x: list[float | None], c: list[str | None]) -> pa.Table:
    return pa.table({"x": pa.array(x, pa.float64()), "c": pa.array(c, pa.string())})


BASE = table([1.5, 0.0, None], ["ab", "c", None])


def digest(held: pa.Table) -> str:
    return content_digest({"train": held}, FEATURES, TARGET)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda: pa.concat_tables([BASE.slice(0, 1), BASE.slice(1)]), id="chunks"),
        pytest.param(lambda: pa.concat_tables([BASE, BASE]).slice(3), id="offsets"),
        pytest.param(lambda: table([1.5, -0.0, None], ["ab", "c", None]), id="negative-zero"),
        pytest.param(lambda: BASE.replace_schema_metadata({"made": "elsewhere"}), id="metadata"),
    ],
)
def test_layout_does_not_count(same: Callable[[], pa.Table]) -> None:
    assert digest(same()) == digest(BASE)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: table([1.5, 0.0, 0.0], ["ab", "c", None]), id="zero-is-not-missing"),
        pytest.param(lambda: table([1.5, 0.0, None], ["a", "bc", None]), id="text-borders"),
        pytest.param(lambda: table([1.5, 0.0, None], ["ab", "c", ""]), id="empty-is-not-missing"),
        pytest.param(lambda: table([1.5000000000000002, 0.0, None], ["ab", "c", None]), id="a-bit"),
        pytest.param(lambda: BASE.rename_columns(["z", "c"]), id="names"),
        pytest.param(lambda: BASE.select(["c", "x"]), id="column-order"),
        pytest.param(lambda: BASE.take(pa.array([1, 0, 2])), id="row-order"),
    ],
)
def test_content_counts(other: Callable[[], pa.Table]) -> None:
    assert digest(other()) != digest(BASE)


def test_meaning_counts() -> None:
    other_unit = content_digest({"train": BASE}, [Feature(name="x", unit="mm")], TARGET)
    other_split = content_digest({"test": BASE}, FEATURES, TARGET)
    assert len({digest(BASE), other_unit, other_split}) == 3


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert digest(BASE) == (
        "sha256:e48645208b32ad265ff0fde557c1f4a9da22a1013eaafdd2079b495726c10989"
    )
