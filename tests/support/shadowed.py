"""A Model on the API server with a challenger in the shadow, and what both versions answered."""

from datetime import UTC, datetime, timedelta

import numpy as np

from support.tenant import Tenant
from support.traffic import CLASSES, MODEL, ServerPod, Trained, normal_rows

T0 = 1_700_000_400.0
"""Event time of the first request, seconds."""


def apply_shadowed(
    tenant: Tenant, champion: Trained, challenger: Trained, name: str = MODEL
) -> None:
    """Apply a Model that has served for an hour, with a challenger in its shadow."""
    capture = {"paneSeconds": 60, "flushSeconds": 1}
    spec = {"pipelineRef": {"name": name}, "capture": capture, "rollout": {}}
    tenant.apply("Model", name, spec)
    since = datetime.now(UTC) - timedelta(hours=1)
    status = {
        "champion": champion.status(since),
        "challenger": challenger.status(since),
        "rollout": {"digest": challenger.digest, "stage": "Shadow", "state": "Progressing"},
    }
    tenant.server.merge(f"{tenant.path('Model', name)}/status", {"status": status})


def serve_both(pod: ServerPod, champion: Trained, challenger: Trained, numbers: range) -> None:
    """Let both versions decide ten rows a request; the labels agree with the challenger."""
    received = datetime.now(UTC).timestamp() - 600
    for number in numbers:
        rows = normal_rows(10, seed=number)
        for version in (champion, challenger):
            decided = pod.answer(
                version,
                f"r{number}",
                rows,
                event=T0 + number,
                received=received,
                shadow=version is challenger,
            )
        pod.label(f"r{number}", np.array(CLASSES)[decided].tolist(), received=received)
    pod.flush()
