"""What KubeRay is told of a run."""

from dataclasses import replace
from typing import Any

import pytest

from support.worlds import RELEASE, run
from trimtab_operator.manifests.rayjob import build_ray_training
from trimtab_operator.manifests.training_job import build_training

RAY = replace(RELEASE, ray_version="2.54.0")


def spec_of(**compute: object) -> dict[str, Any]:
    found: dict[str, Any] = build_ray_training(run(compute=compute), RAY)[-1]["spec"]
    return found


def test_one_pod_is_a_head_without_workers() -> None:
    assert "workerGroupSpecs" not in spec_of()["rayClusterSpec"]


def test_the_head_is_one_of_the_workers() -> None:
    (group,) = spec_of(workers=3)["rayClusterSpec"]["workerGroupSpecs"]

    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (2, 2, 2)


def test_both_launchers_are_told_the_same() -> None:
    ray, plain = build_ray_training(run(), RAY), build_training(run(), RELEASE)

    assert ray[0] == plain[0]
    command = plain[-1]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert ray[-1]["spec"]["entrypoint"] == " ".join(command)


def test_nobody_without_the_token_may_submit_work() -> None:
    assert spec_of()["rayClusterSpec"]["authOptions"] == {"mode": "token"}


@pytest.mark.parametrize(
    ("deadline", "start"),
    [
        pytest.param(86_400, 1800, id="half an hour to start"),
        pytest.param(600, 600, id="never longer than the whole run"),
    ],
)
def test_deadlines(deadline: int, start: int) -> None:
    spec = spec_of(deadlineSeconds=deadline)

    assert spec["activeDeadlineSeconds"] == deadline
    assert spec["preRunningDeadlineSeconds"] == start


def test_every_template_is_restricted_and_starts_what_kuberay_says() -> None:
    spec = spec_of(workers=2)
    cluster = spec["rayClusterSpec"]
    templates = [spec["submitterPodTemplate"], cluster["headGroupSpec"]["template"]]
    templates += [group["template"] for group in cluster["workerGroupSpecs"]]

    for template in templates:
        (container,) = template["spec"]["containers"]
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert "command" not in container
