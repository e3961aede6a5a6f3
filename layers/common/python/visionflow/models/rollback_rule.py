"""When a version on trial is rolled back automatically."""

from dataclasses import dataclass

from visionflow.errors import InvalidParameterError
from visionflow.sentences import say

# The table holds numbers of 38 digits and down to 1e-130; these are the limits of what makes sense.
_MOST_IMAGES = 1_000_000_000
_LEAST_SHARE = 0.000001


@dataclass(frozen=True)
class Tally:
    """What a trial has shown so far.

    ``answers`` of the version, ``unknown`` of them for either reason and ``unfamiliar`` of these
    for the second; ``errors``: images that it should have answered and could not; ``compared``:
    images that another version answered too, ``disagreed`` of them with another label.
    """

    answers: int = 0
    unknown: int = 0
    unfamiliar: int = 0
    errors: int = 0
    compared: int = 0
    disagreed: int = 0


@dataclass(frozen=True)
class RollbackRule:
    """Limits for a trial, as shares of 0..1; null sets no limit.

    Shares are checked from ``min_images`` on. A canary over a limit loses its share of the images;
    a version in production is rolled back to the one before.
    """

    enabled: bool = False
    min_images: int = 100
    max_error_rate: float | None = 0.05
    max_unknown_rate: float | None = 0.5
    max_disagreement: float | None = 0.3

    def check(self) -> None:
        """Raises `InvalidParameterError` for a limit out of its range."""
        if not 1 <= self.min_images <= _MOST_IMAGES:
            raise InvalidParameterError(
                f"min_images must be between 1 and {_MOST_IMAGES:,}.", "min_images"
            )
        for name in ("max_error_rate", "max_unknown_rate", "max_disagreement"):
            limit = getattr(self, name)
            if limit and not _LEAST_SHARE <= limit < 1:
                raise InvalidParameterError(
                    f"{name} must be 0, or {_LEAST_SHARE:f} to under 1.", name
                )

    def broken_by(self, tally: Tally) -> str | None:
        """A phrase for the first limit that the trial exceeds, or None."""
        if not self.enabled:
            return None
        asked = tally.answers + tally.errors
        for code, limit, count, of in (
            ("error_rate", self.max_error_rate, tally.errors, asked),
            ("unknown_rate", self.max_unknown_rate, tally.unknown, tally.answers),
            ("disagreement", self.max_disagreement, tally.disagreed, tally.compared),
        ):
            if limit is not None and of >= self.min_images and count > limit * of:
                unfamiliar = tally.unfamiliar
                return say(code, rate=count / of, limit=limit, images=of, unfamiliar=unfamiliar)
        return None
