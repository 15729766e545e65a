"""Everything that makes two trainings equal bit by bit on one kind of machine."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch

PRODUCTS_PER_THREAD = 4_000_000


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


def plan_threads(cpus: int, batch_size: int, widths: Sequence[int]) -> int:
    """Return the CPU threads that pay off: one for every 4 million products of the widest layer.

    Small layers are slower on several threads than on one, and far slower on a busy machine.

    Args:
        cpus: CPUs that may be used.
        batch_size: rows per optimiser step.
        widths: widths of inputs and hidden layers, in order.
    """
    products = max((first * second for first, second in pairwise(widths)), default=1)
    return max(1, min(cpus, batch_size * products // PRODUCTS_PER_THREAD))


def pick_device() -> torch.device:
    """Return the first GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
