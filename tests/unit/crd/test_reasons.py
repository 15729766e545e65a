"""The catalogue of reasons: every member explained, every name usable as a reason."""

import re
from enum import StrEnum

import pytest

from trimtab_operator.crd.reasons import SECTIONS, member_docs, render_catalogue


class Mute(StrEnum):
    """An enum with a member that nobody explains."""

    SPOKEN = "Spoken"
    """It is explained."""
    SILENT = "Silent"


@pytest.mark.parametrize("enum", [enum for _, _, enum in SECTIONS], ids=lambda enum: enum.__name__)
def test_every_member_is_explained_in_camel_case(enum: type[StrEnum]) -> None:
    docs = member_docs(enum)

    assert list(docs) == [member.value for member in enum]
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) for name in docs)


def test_a_member_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="Mute has members without a docstring: Silent"):
        member_docs(Mute)


def test_the_page_has_a_row_for_every_name() -> None:
    page = render_catalogue()

    assert "| `Unschedulable` | No node has room for a pod. |" in page
    assert "| `NaNLoss` | The training loss is no longer a finite number. |" in page
