"""The node as the API server shows it: applying objects, waiting for Ready, volumes, GPUs."""

import json
import os
from typing import Any

from localcluster import commands, manifests
from localcluster.manifests import Manifest
from localcluster.progress import say
from localcluster.settings import NODE_NAME, NONROOT_ID, STORAGE_CLASS, Settings

# Volumes that nobody has claimed yet; more are made when claims use them up.
_FREE_VOLUMES = 6


def kubectl(settings: Settings) -> list[str]:
    """Return the start of every kubectl command line."""
    return [settings.tool("kubectl"), "--kubeconfig", str(settings.kubeconfig())]


def apply(settings: Settings, objects: list[Manifest]) -> None:
    """Apply objects."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    args = ["apply", "--server-side", "--force-conflicts", "--field-manager=localcluster", "-f-"]
    commands.run([*kubectl(settings), *args], text=text)


def is_ready(settings: Settings) -> bool:
    """Say whether the node's Ready condition is true."""
    path = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    get = [*kubectl(settings), "get", "node", NODE_NAME, "-o", path, "--request-timeout=5s"]
    return commands.attempt(get).stdout.strip() == "True"


def set_gpus(settings: Settings, count: int) -> None:
    """Advertise GPUs that are not there, so that scheduling on them can be tried out."""
    patch = {"status": {"capacity": {"nvidia.com/gpu": str(count) if count else None}}}
    args = ["patch", "node", NODE_NAME, "--subresource=status", "-p", json.dumps(patch)]
    commands.run([*kubectl(settings), *args])
    say("node", f"advertises nvidia.com/gpu: {count}")


def provide_volumes(settings: Settings) -> None:
    """Keep a pool of free volumes, and give released ones back to the claims that held them."""
    volumes = _volumes(settings)
    for volume in volumes:
        if volume.get("status", {}).get("phase") == "Released":
            _keep_for_same_claim(settings, volume["metadata"]["name"])
    fresh = numbers_to_add(volumes, _FREE_VOLUMES)
    for number in {*fresh, *_numbers(volumes)}:
        folder = settings.volumes / manifests.volume_name(number)
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, NONROOT_ID, NONROOT_ID)
        # Written by pods of any user.
        folder.chmod(0o777)
    if fresh:
        pool = [manifests.persistent_volume(settings.volumes, number) for number in fresh]
        apply(settings, pool)


def numbers_to_add(volumes: list[dict[str, Any]], wanted_free: int) -> list[int]:
    """Return the numbers of the volumes to make so that enough are unclaimed."""
    free = sum(1 for volume in volumes if not volume["spec"].get("claimRef"))
    used = set(_numbers(volumes))
    candidates = (number for number in range(len(used) + wanted_free) if number not in used)
    return [number for _, number in zip(range(wanted_free - free), candidates, strict=False)]


def _volumes(settings: Settings) -> list[dict[str, Any]]:
    answer = commands.run([*kubectl(settings), "get", "persistentvolumes", "-o", "json"])
    items: list[dict[str, Any]] = json.loads(answer)["items"]
    return [item for item in items if item["spec"].get("storageClassName") == STORAGE_CLASS]


def _numbers(volumes: list[dict[str, Any]]) -> list[int]:
    return [int(volume["metadata"]["name"].removeprefix("pv-")) for volume in volumes]


def _keep_for_same_claim(settings: Settings, name: str) -> None:
    # Without its uid the reference reserves the volume for a claim of the same name: a chart that
    # is installed again finds its data, and nobody else ever sees it.
    patch = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
    args = ["patch", "persistentvolume", name, "--type=merge", "-p", json.dumps(patch)]
    commands.run([*kubectl(settings), *args])
