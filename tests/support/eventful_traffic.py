"""Traffic with all that a monitor counts: drift, losses, late rows, and a challenger beside it.

Three event-time windows arrive on three days, through two pods. Both versions answer, and labels
agree now with the one, now with the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from support.traffic import CLASSES, ServerPod, Trained, normal_rows
from trimtab_stages.store import Store

DAY = 86_400
LENGTH, STEPS, ROWS = 600, 2, 30
T0 = 1_700_000_400
"""Begin of the first window, event time; a multiple of the length."""
WINDOW = {"seconds": LENGTH, "minSamples": 50, "minLabels": 50}
LOST = frozenset({("pane", 2), ("decisions", STEPS), ("feedback", STEPS)})
"""What the first pod has lost, kind and sequence number: at an edge between windows too."""
LOST_ROWS = 7
CLOSED = 2
"""Windows that are closed by what came behind them."""
LABELLED = ROWS * (2 * (CLOSED * STEPS + 1) - 1)
"""Rows of both versions whose label returns; a batch is lost, and another one comes last of all."""
LABELLED_LAST = LABELLED + ROWS
"""The same with that batch, which is one object."""

Objects = dict[str, bytes]
"""Bytes by key."""


@dataclass
class _Days:
    """Records what servers write, by day."""

    store: Store
    champion: Trained
    challenger: Trained
    begin: float
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def portions(self) -> Iterator[None]:
        """Yield after each portion: a day's window, and labels that came after all rows."""
        pods = ServerPod(self.store, "a-0", lost=LOST, lost_rows=LOST_ROWS), ServerPod(self.store)
        for number in range(CLOSED + 1):
            for step in range(STEPS if number < CLOSED else 1):
                for place, pod in enumerate(pods):
                    self._serve(pod, f"{number}-{step}-{place}", number, 2 * step + place)
            if number < CLOSED:
                yield
        late = "0-late"
        self._answer(pods[1], late, 0, self._received(CLOSED, 50))
        pods[1].flush()
        yield
        labels = ServerPod(self.store, "c-0")
        self._label(labels, late, self._received(CLOSED, 3600))
        labels.flush()
        yield

    def _received(self, day: int, second: float) -> float:
        return self.begin + DAY * day + second

    def _serve(self, pod: ServerPod, name: str, number: int, second: int) -> None:
        received = self._received(number, 2 * second)
        self._answer(pod, name, number, received, shift=1.5 * number)
        self._label(pod, name, received + 0.5)
        pod.flush()

    def _answer(
        self, pod: ServerPod, name: str, number: int, received: float, shift: float = 0.0
    ) -> None:
        rows = normal_rows(ROWS, seed=int(self._rng.integers(2**31)), shift=shift)
        event = T0 + LENGTH * number + np.arange(ROWS)
        for version in (self.champion, self.challenger):
            shadow = version is self.challenger
            pod.answer(version, name, rows, event=event, received=received, shadow=shadow)

    def _label(self, pod: ServerPod, name: str, received: float) -> None:
        truth = np.array(CLASSES)[self._rng.integers(len(CLASSES), size=ROWS)]
        pod.label(name, truth.tolist(), received=received)


def record_days(
    store: Store, champion: Trained, challenger: Trained, begin: float
) -> list[Objects]:
    """Serve in an empty bucket and return what it holds, in portions as it came.

    Args:
        store: the bucket; holds the versions already.
        champion: version that answers.
        challenger: version that scores after the replies.
        begin: first arrival, seconds since 1970; the others follow on this day and the two behind.
    """
    known: Objects = {}
    portions: list[Objects] = []
    for _ in _Days(store, champion, challenger, begin).portions():
        keys = [entry.key for entry in store.list() if entry.key not in known]
        portions.append({key: store.get(key) for key in keys})
        known |= portions[-1]
    return portions


def put_all(store: Store, objects: Objects) -> None:
    """Write what was recorded into another bucket."""
    for key, data in objects.items():
        store.put_if_absent(key, data)
