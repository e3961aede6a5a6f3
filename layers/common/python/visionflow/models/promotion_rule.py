"""When the version that a training job has made goes into production without a person."""

from dataclasses import dataclass

from visionflow.errors import InvalidParameterError
from visionflow.sentences import say

# The table holds numbers of 38 digits and down to 1e-130; these are the limits of what makes sense.
_MOST_IMAGES = 1_000_000_000
_LEAST_GAIN = 0.000001


@dataclass(frozen=True)
class Verified:
    """What the control plane measured of a version, with images that no training machine had.

    Attributes:
        images: how many.
        top1: the share of them that the served form answers rightly.
        interval: of ``top1``, 95 %, Wilson's.
        agreement: the share of them for which the served form and the fp32 form of the version give
            the same answer; null where it serves fp32.
        sealed: SHA-256 that names the set of which the first ``images`` were measured.
        at: ISO 8601, UTC.
    """

    images: int
    top1: float
    interval: tuple[float, ...]
    agreement: float | None
    sealed: str
    at: str


@dataclass(frozen=True)
class PromotionRule:
    """A job's version is promoted only where the sealed set has at least ``min_images``, and its
    top-1 there is at least ``min_gain`` (0..1) above that of the version in production, which must
    have the same labels."""

    enabled: bool = False
    min_images: int = 100
    min_gain: float = 0.0

    def check(self) -> None:
        """Raises `InvalidParameterError` for a limit out of its range."""
        if not 1 <= self.min_images <= _MOST_IMAGES:
            raise InvalidParameterError(
                f"min_images must be between 1 and {_MOST_IMAGES:,}.", "min_images"
            )
        if self.min_gain and not _LEAST_GAIN <= self.min_gain <= 1:
            raise InvalidParameterError(f"min_gain must be 0, or {_LEAST_GAIN:f} to 1.", "min_gain")

    def refusal(self, new: Verified | None, current: Verified | None) -> str | None:
        """Why a version that was measured as ``new`` is not promoted, where the one in production
        was measured as ``current`` on the same images; None if it is."""
        if not self.enabled:
            return say("promotion_off")
        if new is None or new.images < self.min_images:
            found = 0 if new is None else new.images
            return say("few_sealed", found=found, needed=self.min_images)
        if current is None:
            return say("incomparable")
        if new.top1 - current.top1 < self.min_gain:
            return say("little_gain", new=new.top1, current=current.top1, gain=self.min_gain)
        return None
