"""Sizes of the built images: `make bench-images`.

A size is the sum of an image's uncompressed layers, base included: what a node keeps on its disk.
"""

import json
import os
import sys

from localcluster import builder, settings
from localcluster.images import full_name
from support.bars import Bar, show

MEGABYTE = 1_000_000
LARGEST = {"operator": 250, "server": 400}
"""Largest allowed size by image, megabytes."""


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    return show(Bar(f"image-{image}-mb", megabytes(image), most) for image, most in LARGEST.items())


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
