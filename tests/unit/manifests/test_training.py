"""What the pods of a run are told."""

import json

import pytest

from support.specs import DIGEST
from support.worlds import RELEASE, run
from trimtab_operator.manifests.training import build_run_config, build_run_spec
from trimtab_operator.manifests.training_job import build_training
from trimtab_stages.contract.run import RunSpec

CHAMPION = {
    "digest": DIGEST,
    "file": {"key": "blobs/aa/x", "digest": DIGEST, "size": 1},
    "threshold": "0.25",
}


def test_a_pod_reads_what_the_operator_wrote() -> None:
    subject = run(champion=CHAMPION)

    written = build_run_config(subject)["data"]["spec.json"]

    assert RunSpec.from_bytes(written.encode()) == build_run_spec(subject)
    champion = build_run_spec(subject).champion
    assert champion is not None
    assert champion.threshold == 0.25


def test_the_specification_never_changes() -> None:
    assert build_run_config(run())["immutable"] is True


def test_every_attempt_is_told_the_same() -> None:
    assert build_training(run(), RELEASE) == build_training(run(status={"attempts": 3}), RELEASE)


@pytest.mark.parametrize(
    ("compute", "kinds"),
    [
        pytest.param({}, ["ConfigMap", "Job"], id="one pod needs no network"),
        pytest.param({"workers": 2}, ["ConfigMap", "Service", "Job"], id="several find each other"),
    ],
)
def test_children(compute: dict[str, object], kinds: list[str]) -> None:
    assert [item["kind"] for item in build_training(run(compute=compute), RELEASE)] == kinds


def test_own_image_and_devices_are_used() -> None:
    compute = {"image": "me/train:2", "gpus": 1, "gpuResource": "amd.com/gpu"}

    job = build_training(run(compute=compute), RELEASE)[-1]

    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "me/train:2"
    assert container["resources"]["limits"]["amd.com/gpu"] == "1"
    assert "amd.com/gpu" not in json.dumps(build_training(run(), RELEASE))
