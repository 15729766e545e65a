"""Where panes that seem to be missing are looked for, on a real store in a directory."""

from pathlib import Path

import pytest

from support.counting_store import CountingStore
from trimtab_operator.monitor.losses import count_lost, list_panes
from trimtab_operator.monitor.traffic import Traffic
from trimtab_operator.monitor.windows import Grid
from trimtab_operator.storage.window_evaluation import WindowKeys
from trimtab_stages.contract import layout
from trimtab_stages.store import LocalStore

MODEL = "m"
CHAMPION, SHADOW = (f"sha256:{letter * 64}" for letter in "ab")
GRID = Grid(anchor=0, length=600, lateness=0)
WINDOWS = 40


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path)


def write(store: LocalStore, window: int, number: int, version: str) -> None:
    key = layout.pane(MODEL, version, 600 * window, f"pod-1-{number:08d}")
    store.put_if_absent(key, b"x")


def serve(store: LocalStore, *, missing: int | None = None, far: int | None = None) -> None:
    """Write ten panes a window, of champion and shadow by turns, but for one, or one elsewhere."""
    for number in range(10 * WINDOWS):
        version = SHADOW if number % 2 else CHAMPION
        if number != missing:
            write(store, 0 if number == far else number // 10, number, version)


def lost_in(store: LocalStore, window: int) -> int:
    near = list_panes(store, MODEL, CHAMPION, GRID, window)
    before = list_panes(store, MODEL, CHAMPION, GRID, window - 1)
    return count_lost(
        store,
        Traffic(MODEL, GRID, 0),
        near,
        WindowKeys(near.inside, (), ()),
        [WindowKeys(before.inside[-1:], (), ())],
    )


def test_a_shadow_beside_the_champion_does_not_let_all_panes_be_listed(
    store: CountingStore,
) -> None:
    serve(store)
    assert lost_in(store, 30) == 0
    assert store.listed < 100 < 10 * WINDOWS


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        pytest.param({"missing": 304}, 1, id="a pane of the champion"),
        pytest.param({"missing": 305}, 1, id="a pane of the shadow"),
        pytest.param({"far": 305}, 0, id="a late pane of the shadow"),
        pytest.param({"missing": 311}, 0, id="what is to be counted later"),
    ],
)
def test_what_is_not_near_is_looked_for_everywhere(
    store: CountingStore, changes: dict[str, int], lost: int
) -> None:
    serve(store, **changes)
    assert lost_in(store, 30) == lost
