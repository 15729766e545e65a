"""Runs inside a pod: tries every way into buckets, with the pod's own credentials.

Arguments: a key, and the names of buckets; the key exists in the second one. Prints one JSON line.
"""

import json
import pathlib
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

TOKEN = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")


def connect(storage: pathlib.Path) -> Any:
    """Return a client with the credentials of the mounted Secret."""
    secret = {file.name: file.read_text() for file in storage.iterdir() if file.is_file()}
    return boto3.client(
        "s3",
        endpoint_url=secret["endpoint"],
        region_name=secret["region"],
        aws_access_key_id=secret["accessKeyId"],
        aws_secret_access_key=secret["secretAccessKey"],
    )


def outcome(client: Any, call: str, **arguments: object) -> str:
    """Return `done`, or the code with which the store refused."""
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def tries(client: Any, bucket: str, key: str, other: str) -> dict[str, str]:
    """Return what each attempt on a bucket came to."""
    place, probe = {"Bucket": bucket}, {"Bucket": bucket, "Key": "probes/intruder"}
    grant = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    statement = {**grant, "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {
        "list": outcome(client, "list_objects_v2", **place),
        "read": outcome(client, "get_object", **place, Key=key),
        "write": outcome(client, "put_object", **place, Key="intruder", Body=b"x"),
        "write once": outcome(client, "put_object", **probe, Body=b"x", IfNoneMatch="*"),
        "upload": outcome(client, "create_multipart_upload", **place, Key="intruder"),
        "copy": outcome(client, "copy_object", **place, Key="copy", CopySource=f"{other}/{key}"),
        "delete": outcome(client, "delete_object", **probe),
        "open": outcome(client, "put_bucket_policy", **place, Policy=policy),
    }


def main(key: str, *buckets: str) -> None:
    """Try everything and tell."""
    client = connect(pathlib.Path("/storage"))
    attempts = {bucket: tries(client, bucket, key, buckets[1]) for bucket in buckets}
    attempts["new"] = {"create": outcome(client, "create_bucket", Bucket="trimtab-intruder")}
    sys.stdout.write(json.dumps({"attempts": attempts, "token": TOKEN.exists()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
