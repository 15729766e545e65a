"""The whole way on a real S3 server: a model server's process, the monitor's, and a replay.

The monitor has an account that may do what the chart allows it, and no more.
"""

import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from support.apiserver import ApiServer
from support.chart import CHART
from support.cli_objects import run_cli
from support.operator_process import monitor_settings, run_monitor
from support.s3 import S3Server, write_storage_directory
from support.serving import ServerProcess, ServingFolder, running_server
from support.tenant import Tenant
from support.traffic import CLASSES, MODEL, Trained, instant, normal_rows, trained
from support.waiting import wait_until
from trimtab_stages.store import S3Store

pytestmark = [pytest.mark.integration, pytest.mark.long]

SECONDS = 90.0
T0 = 1_700_000_400
ROWS, REQUESTS = 20, 20
NAME = "watch"


@dataclass(frozen=True)
class Bucket:
    """A tenant's bucket: as its servers reach it, and as the monitor does."""

    tenant: Tenant
    servers: Path
    monitor: dict[str, Any]


@pytest.fixture
def bucket(api_server: ApiServer, s3_server: S3Server, tmp_path: Path) -> Bucket:
    name = f"s-{abs(hash(tmp_path)) % 10**8}"
    settings = s3_server.create_bucket(f"trimtab-{name}")
    account, secret = s3_server.create_account(f"monitor-{name}")
    allow(s3_server, settings.bucket, account)
    own = replace(settings, access_key_id=account, secret_access_key=secret)
    credentials = write_storage_directory(own, tmp_path / "credentials")
    tenant = Tenant(api_server, api_server.create_namespace(name), S3Store(settings))
    storage = {"endpoint": s3_server.endpoint, "credentialsDir": str(credentials)}
    return Bucket(tenant, write_storage_directory(settings, tmp_path / "servers"), storage)


def allow(server: S3Server, bucket: str, account: str) -> None:
    """Give an account what the chart gives the monitor's."""
    script = runpy.run_path(str(CHART / "files" / "setup_storage.py"))
    plan = {"name": bucket, "readers": [account], "reporters": [account]}
    boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    ).put_bucket_policy(Bucket=bucket, Policy=json.dumps(script["build_policy"](plan)))


@pytest.fixture
def champion(bucket: Bucket, tmp_path: Path) -> Iterator[Trained]:
    with trained(bucket.tenant.store, tmp_path, "run-1") as version:
        yield version


def send_window(server: ServerProcess, begin: int, shift: float) -> None:
    """Send requests of one window in order of event time, and their labels."""
    for number in range(REQUESTS):
        rows = normal_rows(ROWS, seed=begin + number, shift=shift)
        event = begin + number * 600 // REQUESTS
        tensor = {
            "name": "features",
            "shape": list(rows.shape),
            "datatype": "FP32",
            "data": rows.ravel().tolist(),
        }
        name = f"{begin}-{number}"
        reply = server.infer(
            {"id": name, "inputs": [tensor], "parameters": {"event_time": event * 10**9}},
            f"/v2/models/{MODEL}/infer",
        )
        assert reply.status == 200, reply.body
        outputs = {one["name"]: one["data"] for one in reply.document["outputs"]}
        truth = np.array(CLASSES)[outputs["decision"]].tolist()
        labels = [{"id": name, "row": row, "label": one} for row, one in enumerate(truth)]
        path = f"/v2/models/{MODEL}/feedback"
        answer = server.send("POST", path, json.dumps({"labels": labels}).encode())
        assert answer.status == 202, answer.body


def apply_objects(tenant: Tenant, champion: Trained) -> None:
    capture = {"paneSeconds": 60, "flushSeconds": 1}
    tenant.apply("Model", MODEL, {"pipelineRef": {"name": "bikes"}, "capture": capture})
    status = {"status": {"champion": champion.status(instant(T0))}}
    tenant.server.merge(f"{tenant.path('Model', MODEL)}/status", status)
    window = {"seconds": 600, "minSamples": 100, "minLabels": 100}
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": MODEL}, "window": window})


def evaluations(tenant: Tenant) -> list[dict[str, Any]]:
    status = tenant.get("DriftMonitor", NAME).get("status", {})
    found: list[dict[str, Any]] = status.get("evaluations", [])
    return found


def test_drift_in_served_traffic_comes_into_the_status_and_can_be_replayed(
    bucket: Bucket,
    champion: Trained,
    api_server: ApiServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tenant, folder = bucket.tenant, ServingFolder(tmp_path / "serving")
    apply_objects(tenant, champion)
    plan = folder.write_plan([champion.served.plan], model=MODEL, pane_seconds=60)
    settings = monitor_settings(bucket.monitor, namespaces=[tenant.name])
    settings["lease"]["name"] = f"lease-{tenant.name}"
    with (
        run_monitor(api_server, tmp_path / "monitor", settings),
        running_server(folder, storage=bucket.servers) as server,
    ):
        server.wait_following(plan)
        for number, shift in enumerate((0.0, 1.5, 1.5)):
            send_window(server, T0 + 600 * number, shift)
        wait_until(lambda: len(evaluations(tenant)) == 2, SECONDS, what="two windows")

    calm, drifted = evaluations(tenant)
    assert (calm["rows"], calm["labels"], calm["lost"]) == (400, 400, 0)
    shares = [
        next(float(one["value"]) for one in entry["signals"] if one["name"] == "inputs")
        for entry in (calm, drifted)
    ]
    assert shares == pytest.approx([0.0, 1 / 3], abs=1e-6)
    assert run_cli("drift", "replay", NAME, "--bucket", str(bucket.servers)) == 0
    assert capsys.readouterr().out.count("same") == 2
