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


def late_row(stream: Stream) -> bytes:
    """Return a request for the oldest row; once the first window is over, it counts nowhere."""
    row = np.flatnonzero(np.isfinite(stream.inputs).all(axis=1))[0]
    values = stream.inputs[row].tolist()
    tensor = {"name": "features", "shape": [1, len(values)], "datatype": "FP32", "data": values}
    parameters = {"event_time": int(stream.time_ns[row])}
    return json.dumps({"inputs": [tensor], "parameters": parameters}).encode()


@contextmanager
def asking(player: Player) -> Iterator[Counter[str]]:
    """Ask until the end of the block, and once after it.

    Yields how often each version has answered. Failures are the player's, and not tried again.
    """
    answers: Counter[str] = Counter()
    body, over = late_row(player.stream), Event()

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
        yield answers
    finally:
        over.set()
        thread.join()
