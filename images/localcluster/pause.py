"""The sandbox image: one static program, packed by hand so that no image builder is needed."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from localcluster import commands
from localcluster.settings import BASE, PAUSE_IMAGE, Settings, go_architecture


def archive(settings: Settings) -> Path:
    """Return the image archive, compiled and packed if its source changed."""
    source = BASE / "pause.c"
    key = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    folder = settings.cache / "tools" / f"pause-{key}"
    packed = folder / "pause.tar"
    if not packed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "pause"
        flags = ["-static", "-Os", "-Wall", "-Wextra", "-Werror", "-s"]
        commands.run(["gcc", *flags, "-o", str(program), str(source)])
        partial = packed.with_suffix(f".partial-{os.getpid()}")
        partial.write_bytes(image(program.read_bytes(), PAUSE_IMAGE, go_architecture()))
        partial.replace(packed)
    return packed


def image(program: bytes, name: str, architecture: str) -> bytes:
    """Return a docker-archive of an image that holds one program and nothing else."""
    layer = _tar({"pause": program}, mode=0o755)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "layer.tar": layer,
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        },
        mode=0o644,
    )


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
