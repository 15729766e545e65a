"""The verbs for images: build one unless nothing changed, load one that exists."""

import json
import shutil
from pathlib import Path

from localcluster import baseimage, builder, inputs, runtime, transfer
from localcluster.locks import lock
from localcluster.progress import LaunchError, say, timed
from localcluster.settings import Settings

# Below this, layers kept for faster builds are given up.
_ROOM = 15 * 2**30


def build(
    settings: Settings, name: str, file: Path, context: Path, arguments: dict[str, str]
) -> None:
    """Build an image and load it into the cluster, unless that was done with the same inputs."""
    full = full_name(name)
    dockerfile = file.read_text()
    with lock(settings, "images"):
        digest = inputs.digest(dockerfile, context, arguments)
        if _built(settings, full) == digest and full in runtime.images(settings):
            say("image", f"{full}: nothing changed")
            return
        builder.require()
        values = dict(arguments)
        if inputs.declares(dockerfile, "BASE_IMAGE"):
            values.setdefault("BASE_IMAGE", baseimage.ensure(settings))
        with timed("image", f"build {full}"):
            builder.build(settings, full, file, context, values)
        # `down` must not take containerd away in the middle.
        with lock(settings, "cluster"), timed("image", f"load {full}"):
            transfer.to_containerd(settings, full)
        _remember(settings, full, digest)
        _make_room(settings)


def load(settings: Settings, what: str) -> None:
    """Load an archive, or an image by its name in the builder's store."""
    path = Path(what)
    with (
        lock(settings, "images"),
        lock(settings, "cluster"),
        timed("image", f"load {what}"),
    ):
        if path.is_file():
            runtime.import_archive(settings, path)
            return
        name = full_name(what)
        if not builder.holds(settings, name):
            raise LaunchError(f"{what} is neither a file nor an image that `build-image` built.")
        transfer.to_containerd(settings, name)


def full_name(name: str) -> str:
    """Return a name that no registry can be asked for, with a tag."""
    tagged = name if ":" in name.rsplit("/", 1)[-1] else f"{name}:dev"
    return tagged if "/" in tagged else f"localhost/{tagged}"


def _record(settings: Settings, name: str) -> Path:
    return settings.state / "images" / f"{name.replace('/', '_')}.json"


def _built(settings: Settings, name: str) -> str:
    try:
        return str(json.loads(_record(settings, name).read_text())["inputs"])
    except (OSError, ValueError, KeyError):
        return ""


def _remember(settings: Settings, name: str, digest: str) -> None:
    path = _record(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": name, "inputs": digest}))


def _make_room(settings: Settings) -> None:
    if shutil.disk_usage(settings.state).free < _ROOM:
        builder.prune(settings)
