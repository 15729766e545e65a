"""Sizes of the built images against their bars: `PYTHONPATH=images python` and this file.

A size is the sum of an image's uncompressed layers, base included: what a node keeps on its disk.
"""

import json
import os
import sys

from localcluster import builder, settings
from localcluster.images import full_name

MEGABYTE = 1_000_000
BARS = {"operator": 250, "server": 400}
"""Largest allowed size by image, megabytes."""


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    missed = False
    for image, bar in BARS.items():
        size = megabytes(image)
        verdict = "ok" if size <= bar else "short"
        missed |= size > bar
        sys.stdout.write(f"bar image-{image}-mb {size:.0f} {bar} {verdict}\n")
    return int(missed)


def megabytes(image: str) -> float:
    """Return the size of an image that `make images` built."""
    where = settings.from_environment(os.environ)
    name = full_name(f"trimtab-{image}")
    found = json.loads(builder.run(where, "inspect", "--type", "image", name))
    layers = found["OCIv1"]["rootfs"]["diff_ids"]
    sizes = {layer["diff-digest"]: layer["diff-size"] for layer in _layers(where)}
    return float(sum(sizes[layer] for layer in layers)) / MEGABYTE


def _layers(where: settings.Settings) -> list[dict[str, int]]:
    """Return what the builder's store knows of its layers."""
    path = where.state / "buildah" / "root" / "overlay-layers" / "layers.json"
    read: list[dict[str, int]] = json.loads(path.read_text())
    return [layer for layer in read if "diff-digest" in layer]


if __name__ == "__main__":
    sys.exit(main())
