"""Names of child objects: deterministic, DNS labels, at most 63 characters.

They start with a letter, so that they fit Services and the host names of Indexed Jobs.
"""

import hashlib

MAX_LABEL = 63
MAX_RUN_NAME = 47
"""KubeRay's limit for a RayJob, and room for `-<index>` in the host names of an Indexed Job."""
TRIGGER_CHARS = 10
HASH_CHARS = 6


def run_name(pipeline: str, trigger_id: str) -> str:
    """Return the name of the run that a cause starts: `<pipeline>-<ten digits of the cause>`."""
    base = shortened(pipeline, MAX_RUN_NAME - TRIGGER_CHARS - 1)
    return f"{base}-{trigger_id[:TRIGGER_CHARS]}"


def ingest_job(dataset: str, ingest_id: str) -> str:
    """Return the name of an ingest's Job and of its ConfigMap."""
    return f"{shortened(dataset, MAX_RUN_NAME - len(ingest_id) - 1)}-{ingest_id}"


def server(model: str) -> str:
    """Return the name of a Model's Deployment, Service and PodDisruptionBudget."""
    return _with_suffix(model, "-server")


def serving_plan(model: str) -> str:
    """Return the name of the ConfigMap with a Model's serving plan."""
    return _with_suffix(model, "-plan")


def shortened(name: str, limit: int) -> str:
    """Return the name; where it is too long or starts with a digit, with a hash of the whole."""
    if name[:1].isalpha() and len(name) <= limit:
        return name
    lettered = name if name[:1].isalpha() else f"t-{name}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_CHARS]
    return f"{lettered[: limit - HASH_CHARS - 1].rstrip('-')}-{digest}"


def _with_suffix(name: str, suffix: str) -> str:
    return shortened(name, MAX_LABEL - len(suffix)) + suffix
