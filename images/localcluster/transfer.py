"""Moving an image from buildah into containerd without copying what containerd has already.

An archive of a large image would be written and read whole for one changed file. Here containerd's
own blobs are linked into an OCI layout first; buildah then adds only the new ones, and only those
are streamed on.
"""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from localcluster import builder, commands, runtime
from localcluster.progress import LaunchError
from localcluster.settings import Settings

_NAME = "io.containerd.image.name"


def to_containerd(settings: Settings, name: str) -> None:
    """Put an image of the builder's store into containerd, under the same name."""
    layout = settings.state / "buildah" / "layout"
    shutil.rmtree(layout, ignore_errors=True)
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    try:
        known = _link_known(settings, blobs)
        # Compressing would cost a minute for each GiB, and nothing is sent over a network.
        builder.run(settings, "push", "--quiet", "--disable-compression", name, f"oci:{layout}")
        _stream(settings, layout, name, known)
        runtime.drop_replaced(settings)
    finally:
        shutil.rmtree(layout, ignore_errors=True)


def named_index(index: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a layout's index with the image's full name on its manifest."""
    manifests = [{**entry, "annotations": {_NAME: name}} for entry in index["manifests"]]
    return {**index, "manifests": manifests}


def _link_known(settings: Settings, blobs: Path) -> set[str]:
    content = settings.state / "containerd" / "root" / "io.containerd.content.v1.content"
    known = set()
    for blob in (content / "blobs" / "sha256").glob("*"):
        (blobs / blob.name).hardlink_to(blob)
        known.add(blob.name)
    return known


def _stream(settings: Settings, layout: Path, name: str, known: set[str]) -> None:
    args = [*runtime.ctr(settings), "images", "import", "--local", "-"]
    with subprocess.Popen(
        args, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=False
    ) as process:
        if process.stdin is None or process.stderr is None:
            raise LaunchError("The pipes to ctr were not made.")
        try:
            _write(process.stdin, layout, name, known)
        except BrokenPipeError:
            # ctr ended early; it says why on its standard error.
            pass
        finally:
            process.stdin.close()
        errors = process.stderr.read().decode(errors="replace")
    if process.returncode != 0:
        raise LaunchError(f"importing {name} failed:\n{commands.tail(errors)}")


def _write(target: Any, layout: Path, name: str, known: set[str]) -> None:  # noqa: ANN401 - a pipe
    index = json.loads((layout / "index.json").read_text())
    with tarfile.open(fileobj=target, mode="w|") as tar:
        _add(tar, "oci-layout", (layout / "oci-layout").read_bytes())
        _add(tar, "index.json", json.dumps(named_index(index, name)).encode())
        for blob in sorted((layout / "blobs" / "sha256").iterdir()):
            if blob.name not in known:
                tar.add(blob, arcname=f"blobs/sha256/{blob.name}")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
