"""How far a measured share can be from the true one."""

from dataclasses import dataclass
from math import sqrt

# Two-sided 95 % of the normal distribution.
_Z = 1.959964


FEW = 10
"""With fewer observations nothing is said of a share: its interval is over 50 points wide where
half of them are right."""


@dataclass(frozen=True)
class Share:
    """``correct`` of ``n``, with a 95 % confidence interval; 0..1 when nothing was counted."""

    n: int
    correct: int
    low: float
    high: float

    @property
    def accuracy(self) -> float | None:
        return self.correct / self.n if self.n else None


def share(correct: int, n: int) -> Share:
    """With the Wilson score interval, which holds for few observations and for shares near 0 and 1.

    Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953
    """
    if n == 0:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = correct / n, _Z * _Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # The bounds of "never" and "always" are exact, despite rounding.
    low = 0.0 if correct == 0 else max(0.0, centre - half)
    high = 1.0 if correct == n else min(1.0, centre + half)
    return Share(n, correct, low, high)
