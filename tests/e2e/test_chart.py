"""A second release beside the first: installed, tested and taken away."""

from collections.abc import Iterator

import pytest

from demo.second_release import NAME, install_second, remove_second, tenant_secret
from support.kubectl import Kubectl, KubectlError

pytestmark = pytest.mark.e2e


@pytest.fixture
def second(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl in the second release's namespace; everything of it is gone afterwards."""
    assert installed
    remove_second()
    yield install_second()
    remove_second()


def test_a_second_release_works_and_goes(second: Kubectl) -> None:
    assert "Phase:          Succeeded" in second.helm("test", NAME)
    assert set(tenant_secret()) >= {"bucket", "endpoint", "accessKeyId", "secretAccessKey"}

    second.helm("uninstall", NAME, "--wait")
    assert second.get("secrets")["items"][0]["metadata"]["name"] == f"{NAME}-s3-accounts"
    with pytest.raises(KubectlError, match="NotFound"):
        tenant_secret()
