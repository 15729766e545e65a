"""Everything that makes two trainings equal bit by bit on one kind of machine."""

import contextlib
import logging
import os
from collections.abc import Iterator

import torch

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def deterministic(threads: int) -> Iterator[None]:
    """Run a block with deterministic kernels on a fixed number of threads.

    The number matters: sums are split over threads, and float addition is not associative.
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=before[0])
        torch.set_num_threads(before[1])


def pick_device() -> torch.device:
    """Return the first GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
