"""How long one answer takes, on one thread."""

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch

WARMUP = 20


def median_latencies(
    runs: Mapping[str, Callable[[], object]], rounds: int = 200
) -> dict[str, float]:
    """Median wall time in ms of each of ``runs``, torch limited to one thread.

    They take turns, so that a change of the machine's load meets all of them alike.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in runs}
    try:
        for _ in range(WARMUP + rounds):
            for name, run in runs.items():
                started = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - started))
    finally:
        torch.set_num_threads(threads)
    return {name: median(values[WARMUP:]) for name, values in times.items()}
