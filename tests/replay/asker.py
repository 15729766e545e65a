"""A second client beside the player: it asks for one late row over and over while versions change.

The player itself waits then, so without it no request would be under way.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import numpy as np

from replay.player import Player
from replay.streams import Stream

PAUSE_SECONDS = 0.05


def late_row(stream: Stream, window: int) -> bytes:
    """Return a request for the first row of a window; once that is decided, it counts nowhere.

    A much older row would do, but evidence for a challenger is read from its oldest row on.
    """
    rows = stream.window(window)
    row = rows[np.isfinite(stream.inputs[rows]).all(axis=1)][0]
    values = stream.inputs[row].tolist()
    tensor = {"name": "features", "shape": [1, len(values)], "datatype": "FP32", "data": values}
    parameters = {"event_time": int(stream.time_ns[row])}
    return json.dumps({"inputs": [tensor], "parameters": parameters}).encode()


@contextmanager
def asking(player: Player, window: int, answers: Counter[str]) -> Iterator[None]:
    """Ask until the end of the block, and once after it.

    Failures are the player's, and not tried again.

    Args:
        player: asks in turn with it.
        window: one that is decided.
        answers: takes how often each version answers.
    """
    body, over = late_row(player.stream, window), Event()

    def ask_on() -> None:
        is_last = False
        while not is_last:
            is_last = over.wait(PAUSE_SECONDS)
            version = player.ask_beside(body)
            if version:
                answers[version] += 1

    thread = Thread(target=ask_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
