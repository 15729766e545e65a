#!/usr/bin/env python3
"""Creates the accounts, buckets and policies of the embedded object store. Safe to repeat.

The plan is JSON: `endpoint`, `region`, `accounts` (names) and `buckets`, each with its name and
the accounts that are its readers, reporters (they write below `monitoring/`), appenders (they
write, but never delete) or writers. Buckets belong to root, so that nobody can open one to others.
The secrets directory holds one file for each account, and `root`, with its secret key.
"""

import json
import logging
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ConnectionError as ConnectError
from botocore.httpsession import URLLib3Session

ROOT = "root"
WAIT_SECONDS = 180.0
PAUSE_SECONDS = 1.0
READ_ACTIONS = ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"]
APPEND_ACTIONS = [*READ_ACTIONS, "s3:PutObject"]
WRITE_ACTIONS = [
    *APPEND_ACTIONS,
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
]
PROBES = "probes/"
REPORTS = "monitoring/"
LOG = logging.getLogger("setup-storage")


class SetupError(Exception):
    """The store refused something; says what and why."""


@dataclass(frozen=True)
class Gateway:
    """The store as its root account sees it.

    Attributes:
        endpoint: URL.
        region: region that requests are signed for.
        secrets: directory with the secret key of each account.
    """

    endpoint: str
    region: str
    secrets: Path

    def secret(self, account: str) -> str:
        """Return an account's secret key."""
        return (self.secrets / account).read_text(encoding="utf-8").strip()

    def administer(
        self, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Send one signed request of versitygw's admin API; return status and answer."""
        url = f"{self.endpoint}{path}"
        request = AWSRequest(method="PATCH", url=url, data=body, headers=headers or {})
        root = Credentials(ROOT, self.secret(ROOT))
        S3SigV4Auth(root, "s3", self.region).add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        return answer.status_code, answer.text


def write_account(gateway: Gateway, name: str) -> None:
    """Create an account, or give an existing one the current secret key."""
    fields = {"Access": name, "Secret": gateway.secret(name), "Role": "user"}
    status, answer = gateway.administer("/create-user", _xml("Account", fields))
    if status == HTTPStatus.CONFLICT:
        changed = _xml("MutableProps", {"Secret": fields["Secret"]})
        status, answer = gateway.administer(f"/update-user?access={quote(name)}", changed)
    _check(f"account {name}", status, answer)


def write_bucket(gateway: Gateway, bucket: dict[str, Any]) -> None:
    """Create a bucket, or take over an existing one; then set who may do what."""
    name = bucket["name"]
    status, answer = gateway.administer(f"/{name}/create", headers={"x-vgw-owner": ROOT})
    if status == HTTPStatus.CONFLICT:
        place = f"/change-bucket-owner?bucket={quote(name)}&owner={ROOT}"
        status, answer = gateway.administer(place)
    _check(f"bucket {name}", status, answer)
    client = boto3.client(
        "s3",
        endpoint_url=gateway.endpoint,
        region_name=gateway.region,
        aws_access_key_id=ROOT,
        aws_secret_access_key=gateway.secret(ROOT),
    )
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(build_policy(bucket)))


def build_policy(bucket: dict[str, Any]) -> dict[str, Any]:
    """Return a bucket policy: every account may do what it is named for, and nothing else."""
    place = f"arn:aws:s3:::{bucket['name']}"
    whole, appenders = [place, f"{place}/*"], bucket.get("appenders")
    grants = [
        (bucket.get("writers"), WRITE_ACTIONS, whole),
        (bucket.get("readers"), READ_ACTIONS, whole),
        (bucket.get("reporters"), ["s3:PutObject"], [f"{place}/{REPORTS}*"]),
        (appenders, APPEND_ACTIONS, whole),
        # Whether the store refuses a second write can only be found out by writing and deleting.
        (appenders, ["s3:DeleteObject"], [f"{place}/{PROBES}*"]),
    ]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": who}, "Action": what, "Resource": where}
        for who, what, where in grants
        if who
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def wait_for(gateway: Gateway) -> None:
    """Return when the store answers its root account.

    Raises:
        SetupError: it did not in time.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            status, answer = gateway.administer("/list-users")
        except ConnectError as error:
            status, answer = 0, str(error)
        if status == HTTPStatus.OK:
            return
        if time.monotonic() > deadline:
            raise SetupError(f"{gateway.endpoint} does not answer: {status} {answer}")
        time.sleep(PAUSE_SECONDS)


def main(plan_file: str, secrets: str) -> None:
    """Carry out the plan."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    gateway = Gateway(plan["endpoint"], plan["region"], Path(secrets))
    wait_for(gateway)
    for account in plan["accounts"]:
        write_account(gateway, account)
        LOG.info("account %s is there", account)
    for bucket in plan["buckets"]:
        write_bucket(gateway, bucket)
        LOG.info("bucket %s is there", bucket["name"])


def _xml(element: str, fields: dict[str, str]) -> bytes:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<{element}>{inner}</{element}>".encode()


def _check(what: str, status: int, answer: str) -> None:
    if status >= HTTPStatus.BAD_REQUEST:
        raise SetupError(f"{what}: the store answered {status}: {answer}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(*sys.argv[1:])
