"""How long the steps of one image took."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

FAILED_ATTEMPT = "failed_attempt"


@dataclass
class Stopwatch:
    """Milliseconds by step, in the order in which the steps ran.

    A step's time is that of the answer that was given. What a version took that failed before
    another one answered is kept as `FAILED_ATTEMPT`, so that the sum is the whole time.
    """

    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = round((time.perf_counter() - start) * 1000, 3)

    def fail(self, steps: Iterable[str]) -> None:
        """Count the time of ``steps``, which will run again, as a failed attempt."""
        spent = sum(self.timings.pop(step, 0.0) for step in steps)
        self.timings[FAILED_ATTEMPT] = round(spent, 3)
