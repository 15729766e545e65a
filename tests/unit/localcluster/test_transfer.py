import hashlib
from pathlib import Path

import pytest

from localcluster import transfer

MANIFEST = b'{"layers": []}'


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "manifest.json").write_bytes(MANIFEST)
    (flat / "version").write_text("Directory Transport Version: 1.1")
    (flat / "aa").write_text("layer")
    return tmp_path


def test_a_flat_image_becomes_a_layout(layout: Path) -> None:
    transfer.arrange(layout / "flat", layout)
    blobs = {blob.name: blob.read_bytes() for blob in (layout / "blobs" / "sha256").iterdir()}
    assert blobs == {"aa": b"layer", hashlib.sha256(MANIFEST).hexdigest(): MANIFEST}
    assert not (layout / "flat").exists()


def test_what_the_node_has_is_left_alone(layout: Path) -> None:
    kept = layout / "kept"
    kept.write_text("layer")
    (layout / "blobs" / "sha256" / "aa").hardlink_to(kept)
    transfer.arrange(layout / "flat", layout)
    assert kept.read_text() == "layer"
    assert kept.stat().st_nlink == 1
