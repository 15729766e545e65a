"""`kubectl explain` is the manual: it has words for every field."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.folders import find_program
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import KINDS, Kind

pytestmark = pytest.mark.integration

EXPLAINED = [
    pytest.param("pipeline.spec.gates.margin", "lower 95 % bound", id="a gate's margin"),
    pytest.param(
        "dataset.spec.time.grid.toleranceSeconds", "seconds. Default: 0", id="a tolerance"
    ),
    pytest.param("tmd.spec.serving.replicas", "Default: 1", id="replicas, by short name"),
    pytest.param("tpr.status.conditions.reason", "machine-readable", id="a condition's reason"),
]


def undescribed(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of fields without words, as the API server publishes them."""
    for name, child in schema.get("properties", {}).items():
        if path or name in {"spec", "status"}:
            if not child.get("description"):
                yield f"{path}.{name}"
            yield from undescribed(child.get("items", child), f"{path}.{name}")


@pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])
def test_the_published_schema_describes_every_field(api_server: ApiServer, kind: Kind) -> None:
    schemas = api_server.request("GET", f"/openapi/v3/apis/{API_VERSION}")["components"]["schemas"]
    (found,) = [schema for name, schema in schemas.items() if name.endswith(f".{kind.kind}")]

    assert set(found["properties"]) >= {"spec", "status"}
    assert list(undescribed(found)) == []


@pytest.mark.parametrize(("field", "words"), EXPLAINED)
def test_kubectl_explain(api_server: ApiServer, field: str, words: str) -> None:
    command = [
        find_program("kubectl"),
        f"--server={api_server.url}",
        f"--certificate-authority={api_server.certificate_authority}",
        f"--client-certificate={api_server.folder / 'admin.crt'}",
        f"--client-key={api_server.folder / 'admin.key'}",
        "explain",
        field,
    ]
    environment = os.environ | {"KUBECONFIG": os.devnull}

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stderr
    assert words in " ".join(done.stdout.split())
