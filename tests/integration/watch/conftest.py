"""A bucket, and a version in it that has become champion."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.traffic import Trained, trained
from trimtab_stages.store import LocalStore, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "bucket").mkdir()
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def champion(store: Store, tmp_path: Path) -> Iterator[Trained]:
    with trained(store, tmp_path, "run-1") as version:
        yield version
