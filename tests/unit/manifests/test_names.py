"""Names of children: bounded, and different for different owners."""

import re
from collections.abc import Callable

import pytest

from trimtab_operator.manifests import names

OWNERS = ["bikes", "b" * 63, "7days", "a-" + "b" * 61, "x"]


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(
    "build",
    [
        pytest.param(names.server, id="server"),
        pytest.param(names.serving_plan, id="serving plan"),
        pytest.param(lambda owner: names.run_name(owner, "0" * 40), id="run"),
        pytest.param(lambda owner: names.ingest_job(owner, "0" * 21), id="ingest"),
    ],
)
def test_names_fit_services_and_host_names(build: Callable[[str], str], owner: str) -> None:
    found = build(owner)

    assert len(found) <= 63
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", found)


def test_owners_with_a_common_beginning_have_different_children() -> None:
    owners = ["b" * 62, "b" * 63, "7days", "t-7days", "bikes", "bikes-server"]

    assert len({names.server(owner) for owner in owners}) == len(owners)


def test_pods_of_an_indexed_job_have_host_names() -> None:
    longest = names.run_name("b" * 63, "0" * 40)

    assert len(f"{longest}-63") <= 63
