"""Using a cluster that exists: both names are needed, and the context must be allowed."""

import pytest

from localcluster import existing
from localcluster.existing import ExistingCluster
from localcluster.progress import LaunchError


def test_without_names_there_is_no_existing_cluster() -> None:
    assert existing.from_environment({}) is None
    assert existing.from_environment({"KUBE_CONTEXT": "", "IMAGE_REGISTRY": " "}) is None


def test_both_names_make_one() -> None:
    found = existing.from_environment({"KUBE_CONTEXT": "kind-a", "IMAGE_REGISTRY": "r.example/x/"})
    assert found == ExistingCluster("kind-a", "r.example/x")


@pytest.mark.parametrize("half", [{"KUBE_CONTEXT": "kind-a"}, {"IMAGE_REGISTRY": "r.example"}])
def test_half_of_the_names_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(LaunchError, match="both KUBE_CONTEXT= and IMAGE_REGISTRY="):
        existing.from_environment(half)


def test_a_context_that_is_not_listed_is_refused_with_the_way_out() -> None:
    names = {"KUBE_CONTEXT": "production", "IMAGE_REGISTRY": "r.example"}
    with pytest.raises(LaunchError, match="TRIMTAB_ALLOWED_CONTEXTS=production"):
        existing.from_environment(names)
    allowed = {**names, "TRIMTAB_ALLOWED_CONTEXTS": "other, production"}
    assert existing.from_environment(allowed) is not None


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("server", "r.example/x/server:dev"),
        ("localhost/server:1", "r.example/x/server:1"),
    ],
)
def test_images_are_named_after_the_registry(name: str, full: str) -> None:
    assert existing.image_name(ExistingCluster("kind-a", "r.example/x"), name) == full
