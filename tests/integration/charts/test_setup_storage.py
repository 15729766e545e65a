"""The setup script of the embedded store, against the real server with the chart's own settings."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from support.chart import CHART, LOCAL, render
from support.folders import find_program
from support.ports import free_port

pytestmark = pytest.mark.integration

SCRIPT = CHART / "files" / "setup_storage.py"
DEMO, OTHER, AUDIT = "trimtab-demo", "trimtab-demo-b", "trimtab-audit"


@dataclass(frozen=True)
class Gateway:
    """A running server, the plan and the secret keys that the chart rendered for it."""

    endpoint: str
    plan: Path
    secrets: Path

    def setup(self) -> None:
        """Run the script, as the job does."""
        command = [sys.executable, str(SCRIPT), str(self.plan), str(self.secrets)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def outcome(self, account: str, call: str, **arguments: object) -> str:
        """Return `done`, or the code with which the store refused the account."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key=(self.secrets / account).read_text(),
        )
        try:
            getattr(client, call)(**arguments)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Start versitygw with the arguments of the chart's pod, on a free port and other folders."""
    folder = tmp_path_factory.mktemp("gateway")
    rendered = render(*LOCAL)
    endpoint = f"http://127.0.0.1:{free_port()}"
    plan = json.loads(rendered.one("ConfigMap", "trimtab-s3-setup")["data"]["plan.json"])
    (folder / "plan.json").write_text(json.dumps(plan | {"endpoint": endpoint}))
    for name in ("buckets", "metadata", "accounts", "secrets"):
        (folder / name).mkdir()
    for name, value in rendered.one("Secret", "trimtab-s3-accounts")["data"].items():
        (folder / "secrets" / name).write_bytes(base64.b64decode(value))
    pod = rendered.one("StatefulSet", "trimtab-s3")["spec"]["template"]["spec"]
    arguments = [
        part.replace("/data/", f"{folder}/").replace(":7070", endpoint.removeprefix("http://"))
        for part in pod["containers"][0]["args"]
    ]
    root = {
        "ROOT_ACCESS_KEY": "root",
        "ROOT_SECRET_KEY": (folder / "secrets" / "root").read_text(),
    }
    command = [find_program("versitygw"), *arguments]
    with subprocess.Popen(command, env=os.environ | root) as process:
        yield Gateway(endpoint, folder / "plan.json", folder / "secrets")
        process.terminate()


@pytest.fixture(scope="module")
def ready(gateway: Gateway) -> Gateway:
    """Return the gateway after three runs: the script waits for the server and may be repeated."""
    for _ in range(3):
        gateway.setup()
    return gateway


@pytest.mark.parametrize(
    ("account", "bucket", "wanted"),
    [
        pytest.param("tenant-demo", DEMO, "read report write delete", id="tenant-own"),
        pytest.param("tenant-demo", OTHER, "", id="tenant-other"),
        pytest.param("tenant-demo-b", DEMO, "", id="other-tenant"),
        pytest.param("tenant-demo", AUDIT, "", id="tenant-audit"),
        pytest.param("operator", DEMO, "read", id="operator-data"),
        pytest.param("operator", AUDIT, "read report write", id="operator-audit"),
        pytest.param("monitor", DEMO, "read report", id="monitor-data"),
        pytest.param("monitor", AUDIT, "", id="monitor-audit"),
    ],
)
def test_every_account_may_do_what_the_plan_says(
    ready: Gateway, account: str, bucket: str, wanted: str
) -> None:
    ready.outcome("root", "put_object", Bucket=bucket, Key="there", Body=b"x")
    place = {"Bucket": bucket}
    tries = {
        "read": ready.outcome(account, "get_object", **place, Key="there"),
        "write": ready.outcome(account, "put_object", **place, Key=f"new/{account}", Body=b"x"),
        "report": ready.outcome(
            account, "put_object", **place, Key=f"monitoring/{account}", Body=b"x"
        ),
        "delete": ready.outcome(account, "delete_object", **place, Key="there"),
    }
    assert tries == {name: "done" if name in wanted.split() else "AccessDenied" for name in tries}


@pytest.mark.parametrize("account", ["tenant-demo", "operator", "monitor"])
@pytest.mark.parametrize("bucket", [DEMO, AUDIT])
def test_nobody_can_change_who_may_do_what(ready: Gateway, account: str, bucket: str) -> None:
    everything = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    change = ready.outcome(account, "put_bucket_policy", Bucket=bucket, Policy=policy)
    assert change == "AccessDenied"
    assert ready.outcome(account, "delete_bucket", Bucket=bucket) == "AccessDenied"


def test_a_large_file_goes_up_in_parts(ready: Gateway) -> None:
    place = {"Bucket": DEMO, "Key": "large"}
    assert ready.outcome("tenant-demo", "create_multipart_upload", **place) == "done"
    assert ready.outcome("operator", "create_multipart_upload", **place) == "AccessDenied"


def test_the_operator_may_probe_the_audit_bucket(ready: Gateway) -> None:
    probe = {"Bucket": AUDIT, "Key": "probes/operator"}
    once = {**probe, "Body": b"first", "IfNoneMatch": "*"}
    assert ready.outcome("operator", "put_object", **once) == "done"
    assert ready.outcome("operator", "put_object", **once) == "PreconditionFailed"
    assert ready.outcome("operator", "delete_object", **probe) == "done"


def test_a_changed_secret_key_replaces_the_old_one(ready: Gateway) -> None:
    file = ready.secrets / "tenant-demo"
    old = file.read_text()
    file.write_text(old[::-1])
    changed = {"Bucket": DEMO, "Key": "new/tenant-demo", "Body": b"x"}
    assert ready.outcome("tenant-demo", "put_object", **changed) == "SignatureDoesNotMatch"
    ready.setup()
    assert ready.outcome("tenant-demo", "put_object", **changed) == "done"
    file.write_text(old)
    ready.setup()


def test_what_was_stored_survives_a_second_setup(ready: Gateway) -> None:
    kept = {"Bucket": DEMO, "Key": "kept"}
    assert ready.outcome("tenant-demo", "put_object", **kept, Body=b"x") == "done"
    ready.setup()
    assert ready.outcome("tenant-demo", "get_object", **kept) == "done"
