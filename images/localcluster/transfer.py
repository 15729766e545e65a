"""Moving an image from buildah into containerd without copying what containerd has already.

An archive of a large image would be written and read whole for one changed file. Here containerd's
own blobs are linked into an OCI layout first; buildah then adds only the new ones, and only those
are streamed on. Layers keep their form, uncompressed: only so does the builder know them again,
and compressing would cost a minute for each GiB.
"""

import hashlib
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
# New layers up to this size may be compressed by buildah, which cannot be talked out of it when it
# writes an OCI layout.
_SMALL = 64 * 2**20


def to_containerd(settings: Settings, name: str) -> None:
    """Put an image of the builder's store into containerd, under the same name."""
    layout = settings.state / "buildah" / "layout"
    shutil.rmtree(layout, ignore_errors=True)
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    try:
        known = _link_known(settings, blobs)
        if _new_bytes(settings, name, known) <= _SMALL:
            builder.run(settings, "push", "--quiet", name, f"oci:{layout}")
        else:
            _push_whole(settings, name, layout)
        _stream(settings, layout, name, known)
        runtime.drop_replaced(settings)
    finally:
        shutil.rmtree(layout, ignore_errors=True)


def named_index(index: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a layout's index with the image's full name on its manifest."""
    manifests = [{**entry, "annotations": {_NAME: name}} for entry in index["manifests"]]
    return {**index, "manifests": manifests}


def _new_bytes(settings: Settings, name: str, known: set[str]) -> int:
    """Return the size of those of an image's layers that containerd does not have."""
    found = json.loads(builder.run(settings, "inspect", "--type", "image", name))
    store = settings.state / "buildah" / "root" / "overlay-layers" / "layers.json"
    layers = json.loads(store.read_text())
    sizes = {layer.get("diff-digest"): layer.get("diff-size", 0) for layer in layers}
    digests = [str(digest) for digest in found["OCIv1"]["rootfs"]["diff_ids"]]
    return sum(int(sizes[d]) for d in digests if d.removeprefix("sha256:") not in known)


def _push_whole(settings: Settings, name: str, layout: Path) -> None:
    """Write all layers as they are, and arrange them as an OCI layout."""
    flat = layout / "flat"
    builder.run(settings, "push", "--quiet", "--disable-compression", name, f"dir:{flat}")
    manifest = (flat / "manifest.json").read_bytes()
    arrange(flat, layout)
    entry = {
        "mediaType": json.loads(manifest)["mediaType"],
        "digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}",
        "size": len(manifest),
    }
    index = {"schemaVersion": 2, "manifests": [entry]}
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))


def arrange(flat: Path, layout: Path) -> None:
    """Move the files of a flat image folder to where an OCI layout has them."""
    blobs = layout / "blobs" / "sha256"
    manifest = flat / "manifest.json"
    manifest.rename(flat / hashlib.sha256(manifest.read_bytes()).hexdigest())
    (flat / "version").unlink()
    for file in flat.iterdir():
        # A link to a known blob is replaced only in this layout.
        file.replace(blobs / file.name)
    flat.rmdir()


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
