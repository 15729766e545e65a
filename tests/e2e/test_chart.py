"""A second release beside the first: installed, tested, taken away, and installed again."""

from collections.abc import Iterator

import pytest

from demo.second_release import (
    NAME,
    install_second,
    remove_second,
    second_store,
    tenant_secret,
)
from support.kubectl import Kubectl, KubectlError

pytestmark = pytest.mark.e2e


@pytest.fixture
def second(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl in the second release's namespace; everything of it is gone afterwards."""
    assert installed
    remove_second()
    yield install_second()
    remove_second()


def test_a_release_can_go_and_come_back(second: Kubectl) -> None:
    assert "Phase:          Succeeded" in second.helm("test", NAME)
    account = tenant_secret()
    with second_store(account) as store:
        store.put_if_absent("raw/kept.csv", b"kept")

    second.helm("uninstall", NAME, "--wait")
    assert second.get("secrets")["items"][0]["metadata"]["name"] == f"{NAME}-s3-accounts"
    with pytest.raises(KubectlError, match="NotFound"):
        tenant_secret()

    install_second()
    assert tenant_secret() == account
    with second_store(account) as store:
        assert store.get("raw/kept.csv") == b"kept"
