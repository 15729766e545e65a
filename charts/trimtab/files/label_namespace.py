#!/usr/bin/env python3
"""Sets the Pod Security level of a namespace that has none. A level that is there stays."""

import json
import logging
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LEVEL = "pod-security.kubernetes.io/enforce"
LOG = logging.getLogger("label-namespace")


def call(method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the API server's answer."""
    request = urllib.request.Request(  # noqa: S310 - the API server's own address
        url,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
            "Content-Type": "application/merge-patch+json",
        },
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, context=trust, timeout=30) as answer:  # noqa: S310 - as above
        parsed: dict[str, Any] = json.load(answer)
    return parsed


def main(namespace: str, level: str) -> None:
    """Label the namespace."""
    url = f"https://kubernetes.default.svc/api/v1/namespaces/{namespace}"
    present = call("GET", url)["metadata"].get("labels", {}).get(LEVEL)
    if present is None:
        call("PATCH", url, {"metadata": {"labels": {LEVEL: level}}})
    LOG.info("namespace %s enforces %s", namespace, present or level)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(*sys.argv[1:])
