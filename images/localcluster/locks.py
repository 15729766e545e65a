"""One launcher at a time; the others wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from localcluster.progress import say
from localcluster.settings import Settings


@contextmanager
def lock(settings: Settings, what: str) -> Iterator[None]:
    """Hold the lock of the cluster, or of its images.

    The open file holds it, so that the kernel frees it when its holder is killed.
    """
    settings.state.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that whoever waits still holds the same file after a purge.
    with settings.state.with_name(f"{settings.state.name}.{what}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting", f"another launcher works on the {what}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
