from pathlib import Path

import pytest
import torch

from support.training import make_place
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.recipe import Architecture, Training
from trimtab_stages.store import LocalStore
from trimtab_stages.train.checkpoints import Checkpoints, recorded_threads, resume
from trimtab_stages.train.state import Task, pack_state, start_state

KEY = digest_of("training")
TASK = Task(Architecture(hidden=[2]), Training(), 3, 2, torch.device("cpu"), threads=1)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return make_place(tmp_path).store


def test_the_newest_two_checkpoints_stay(store: LocalStore) -> None:
    checkpoints = Checkpoints(store, KEY)
    for epoch in (8, 9, 10, 11):
        checkpoints.write(epoch, f"{epoch}".encode())
    assert checkpoints.newest() == [b"11", b"10"]
    assert store.exists(layout.checkpoint(KEY, 11))


def test_a_checkpoint_of_another_attempt_is_left_as_it_is(store: LocalStore) -> None:
    Checkpoints(store, KEY).write(1, b"first")
    Checkpoints(store, KEY).write(1, b"second")
    assert Checkpoints(store, KEY).newest() == [b"first"]


def test_an_unreadable_checkpoint_is_passed_over() -> None:
    state = start_state(TASK)
    state.epoch = 4
    good = pack_state(state, threads=3)
    found = resume([good[: len(good) // 2], b"garbage", good], TASK)
    assert found is not None
    assert found.epoch == 4
    assert recorded_threads([b"garbage", good], default=1) == 3


def test_nothing_to_resume_means_a_fresh_start() -> None:
    assert resume([], TASK) is None
    assert resume([b"garbage"], TASK) is None
    assert recorded_threads([], default=2) == 2
