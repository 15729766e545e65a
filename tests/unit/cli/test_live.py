"""Commands that read, decide and write, while others write too."""

import asyncio

import pytest

from trimtab_operator.cli.live import MOST_CONFLICTS, asked_anew
from trimtab_operator.errors import Conflict


@pytest.mark.parametrize("conflicts", [0, 1, MOST_CONFLICTS])
def test_what_changed_in_between_is_decided_anew(conflicts: int) -> None:
    asked: list[int] = []

    async def question() -> int:
        asked.append(len(asked))
        if len(asked) <= conflicts:
            raise Conflict("the object has been modified")
        return len(asked)

    assert asyncio.run(asked_anew(question)) == conflicts + 1


def test_a_conflict_that_stays_is_told() -> None:
    async def question() -> int:
        raise Conflict("the object has been modified")

    with pytest.raises(Conflict, match="has been modified"):
        asyncio.run(asked_anew(question))
