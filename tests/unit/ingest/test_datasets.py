from pathlib import Path

import pytest

from support.datasets import Archive, DatasetUnavailableError, fetch_archive


def test_an_archive_with_another_checksum_is_deleted_and_refused(tmp_path: Path) -> None:
    archive = Archive("something==1.0", "0" * 64)
    folder = tmp_path / archive.sha256
    folder.mkdir()
    (folder / "something-1.0-py3-none-any.whl").write_bytes(b"another")
    with pytest.raises(DatasetUnavailableError, match="sha256"):
        fetch_archive(archive, tmp_path)
    assert list(folder.iterdir()) == []
