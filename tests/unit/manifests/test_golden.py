"""Every manifest that the operator makes, as golden YAML."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.golden import check_golden
from support.worlds import RELEASE, commit, dataset, model, pipeline, run
from trimtab_operator.api.pipelinerun import PipelineRunSpec
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_operator.manifests.ingest_job import build_ingest
from trimtab_operator.manifests.pipeline_run import build_pipeline_run
from trimtab_operator.manifests.rayjob import build_ray_training
from trimtab_operator.manifests.release import Launcher
from trimtab_operator.manifests.server import build_plan_config, build_server
from trimtab_operator.manifests.training_job import build_training

GOLDEN = Path(__file__).parent / "golden"
GPUS = {"gpus": 2, "workers": 3, "memory": "32Gi", "nodeSelector": {"accelerator": "h100"}}

RAY = replace(RELEASE, launcher=Launcher.RAY_JOB, ray_version="2.54.0")
MANIFESTS = {
    "ingest": list(build_ingest(dataset(), RELEASE, "0123456789ab-01234567")),
    "training": build_training(run(), RELEASE),
    "training-workers": build_training(run(compute=GPUS), RELEASE),
    "rayjob": build_ray_training(run(compute=GPUS), RAY),
    "server": [
        build_plan_config(model(), plan_of_commit(model(), commit())),
        *build_server(model(serving={"replicas": 2}), RELEASE),
    ],
    "pipeline-run": [
        build_pipeline_run(pipeline(), PipelineRunSpec.model_validate(run().spec.to_wire()))
    ],
}
PODS = ["ingest", "training", "training-workers", "server"]


def pod_specs(name: str) -> list[dict[str, Any]]:
    templates = [
        item["spec"]["template"] for item in MANIFESTS[name] if "template" in item.get("spec", {})
    ]
    return [template["spec"] for template in templates]


@pytest.mark.parametrize("name", list(MANIFESTS))
def test_golden(name: str) -> None:
    text = yaml.safe_dump_all(MANIFESTS[name], sort_keys=False, width=100)

    check_golden(GOLDEN / f"{name}.yaml", text)


@pytest.mark.parametrize("name", list(MANIFESTS))
def test_every_child_belongs_to_its_owner(name: str) -> None:
    for item in MANIFESTS[name]:
        (owner,) = item["metadata"]["ownerReferences"]
        assert owner["controller"]
        assert owner["uid"] == "uid-1"
        assert item["metadata"]["namespace"] == "demo"


@pytest.mark.parametrize("name", list(MANIFESTS))
def test_names_are_dns_labels(name: str) -> None:
    for item in MANIFESTS[name]:
        assert len(item["metadata"]["name"]) <= 63
        assert all(len(value) <= 63 for value in item["metadata"]["labels"].values())


@pytest.mark.parametrize("name", PODS)
def test_every_pod_meets_pod_security_restricted(name: str) -> None:
    (spec,) = pod_specs(name)

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
    kinds = {key for volume in spec["volumes"] for key in volume if key != "name"}
    assert kinds <= {"configMap", "secret", "emptyDir"}


@pytest.mark.parametrize("name", PODS)
def test_every_writable_volume_is_bounded(name: str) -> None:
    (spec,) = pod_specs(name)

    scratch = [volume["emptyDir"] for volume in spec["volumes"] if "emptyDir" in volume]
    assert scratch
    assert all("sizeLimit" in volume for volume in scratch)


@pytest.mark.parametrize("name", ["ingest", "training", "training-workers"])
def test_final_failures_end_a_job_at_once_and_evictions_do_not_count(name: str) -> None:
    (job,) = [item for item in MANIFESTS[name] if item["kind"] == "Job"]

    rules = job["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["FailJob", "Ignore"]
    assert rules[0]["onExitCodes"]["values"] == [3]
    assert job["spec"]["backoffLimitPerIndex"] == 3
    assert job["spec"]["podReplacementPolicy"] == "Failed"


def test_a_promotion_does_not_touch_the_pod_template() -> None:
    before = build_server(model(), RELEASE)
    after = build_server(model(capture={"fraction": "0.5"}), RELEASE)

    assert before == after


def test_a_scaled_model_changes_only_the_replicas() -> None:
    (one,) = [item for item in build_server(model(), RELEASE) if item["kind"] == "Deployment"]
    three = build_server(model(serving={"replicas": 3}), RELEASE)[-1]

    assert one["spec"].pop("replicas") == 1
    assert three["spec"].pop("replicas") == 3
    assert one == three
