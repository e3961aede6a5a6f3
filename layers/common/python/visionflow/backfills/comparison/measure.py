"""What a version answers to an image, and how far two answers are apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from visionflow.answers.answer import Score, UnknownReason

UNKNOWN_SHARE: Final = 0.5
"""Of an unknown answer, how much is "unknown"; its scores keep the rest. All of it would make every
image equally different that one version is sure enough of and the other not quite."""

Distribution = Mapping[str | None, float]
"""Probabilities that add up to 1; None is "unknown"."""


@dataclass(frozen=True)
class Answer:
    """``name`` is what an image was called, also one that is unknown for a ``reason``."""

    name: str
    confidence: float
    reason: UnknownReason | None

    @property
    def label(self) -> str | None:
        """None for an unknown image."""
        return self.name if self.reason is None else None


def distribution(scores: Iterable[Score], *, unknown: bool) -> Distribution:
    """An answer over labels and "unknown"."""
    share = UNKNOWN_SHARE if unknown else 0.0
    return {None: share, **{one.label: (1 - share) * one.confidence for one in scores}}


def disagreement(old: Distribution, new: Distribution) -> float:
    """The total variation distance, 0..1: by how much two versions differ at most about the
    probability of any set of labels. What one of them does not know has the probability 0 there.

    Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, proposition 4.2.
    """
    apart = sum(abs(share - new.get(label, 0.0)) for label, share in old.items())
    apart += sum(share for label, share in new.items() if label not in old)
    return min(1.0, apart / 2)
