"""A real S3 server (versitygw) on a free loopback port, for integration tests.

`tests/integration/conftest.py` starts one for all tests of a process.
"""

import os
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import pytest

from support.folders import find_program
from support.ports import free_port
from support.waiting import wait_until
from trimtab_stages.store import S3Settings, S3Store

START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server and its root account."""

    endpoint: str
    access_key_id: str
    secret_access_key: str

    def create_account(self, name: str) -> tuple[str, str]:
        """Create an ordinary account without rights; return its access key and secret."""
        secret = uuid.uuid4().hex
        account = ["create-user", "--access", name, "--secret", secret, "--role", "user"]
        root = ["--access", self.access_key_id, "--secret", self.secret_access_key]
        place = ["--endpoint-url", self.endpoint]
        command = [find_program("versitygw"), "admin", *root, *place, *account]
        subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS)
        return name, secret

    def create_bucket(self, name: str = "") -> S3Settings:
        """Create a bucket (a fresh one by default) and return the settings that reach it."""
        bucket = name or f"test-{uuid.uuid4().hex[:12]}"
        boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        ).create_bucket(Bucket=bucket)
        return S3Settings(
            bucket=bucket,
            endpoint=self.endpoint,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
        )


def write_storage_directory(settings: S3Settings, directory: Path) -> Path:
    """Write `settings` as the files of a mounted storage Secret and return the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "endpoint": settings.endpoint,
        "bucket": settings.bucket,
        "prefix": settings.prefix,
        "region": settings.region,
        "accessKeyId": settings.access_key_id,
        "secretAccessKey": settings.secret_access_key,
    }
    for name, text in files.items():
        if text:
            (directory / name).write_text(text)
    return directory


@contextmanager
def run_s3_server(folder: Path) -> Iterator[S3Server]:
    """Start versitygw on `folder` and stop it at the end."""
    server = S3Server(f"http://127.0.0.1:{free_port()}", "root-account", uuid.uuid4().hex)
    data, sidecar, iam = folder / "data", folder / "sidecar", folder / "iam"
    for directory in (data, sidecar, iam):
        directory.mkdir(parents=True)
    log = folder / "versitygw.log"
    address = server.endpoint.removeprefix("http://")
    command = [find_program("versitygw"), "--port", address, "--iam-dir", str(iam)]
    command += ["posix", "--sidecar", str(sidecar), str(data)]
    account = {
        "ROOT_ACCESS_KEY": server.access_key_id,
        "ROOT_SECRET_KEY": server.secret_access_key,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | account, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: _answers(process, address, log), START_SECONDS, what="versitygw listens")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for the whole test session; each test takes its own bucket."""
    with run_s3_server(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture
def bucket_store(s3_server: S3Server) -> S3Store:
    """A store in a fresh bucket, below a prefix."""
    return S3Store(replace(s3_server.create_bucket(), prefix="tenant-a"))


def _answers(process: "subprocess.Popen[bytes]", address: str, log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"versitygw ended with {process.returncode}: {log.read_text()}")
    host, port = address.split(":")
    with closing(socket.socket()) as probe:
        return probe.connect_ex((host, int(port))) == 0
