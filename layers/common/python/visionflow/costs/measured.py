"""What the serving path was measured to take, as ``make bench`` wrote it to ``measured.json``."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from visionflow import strict

MEASURED_FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class MeasuredImage:
    """A JPEG and the median of a warm invocation's own milliseconds on one core, by way in."""

    megapixels: float
    bytes: float
    http_ms: float
    s3_ms: float


@dataclass(frozen=True)
class Measured:
    """``images`` has at least two sizes, the smallest first; their milliseconds include no waiting.

    ``infer_ms`` is the share of ``model`` in their milliseconds. ``record_bytes``,
    ``thumbnail_bytes`` and ``log_bytes`` are of one image, ``resident_mb`` of the worker between
    images; ``metrics`` and ``alarms`` are how many the deployment has.
    """

    measured_at: str
    hardware: str
    model: str
    infer_ms: float
    images: tuple[MeasuredImage, ...]
    record_bytes: int
    thumbnail_bytes: int
    log_bytes: int
    resident_mb: float
    metrics: int
    alarms: int

    def at(self, megapixels: float) -> MeasuredImage:
        """On the line between the two measured sizes around ``megapixels``, or beyond the last."""
        above = next(
            (i for i, p in enumerate(self.images) if i and p.megapixels >= megapixels),
            len(self.images) - 1,
        )
        low, high = self.images[above - 1], self.images[above]
        share = (megapixels - low.megapixels) / (high.megapixels - low.megapixels)

        def between(a: float, b: float) -> float:
            return max(0.0, a + share * (b - a))

        return MeasuredImage(
            megapixels,
            between(low.bytes, high.bytes),
            between(low.http_ms, high.http_ms),
            between(low.s3_ms, high.s3_ms),
        )

    def with_model(self, model: str, infer_ms: float) -> "Measured":
        """The same with another model, which takes ``infer_ms`` for an image."""
        more = infer_ms - self.infer_ms
        images = tuple(
            replace(p, http_ms=p.http_ms + more, s3_ms=p.s3_ms + more) for p in self.images
        )
        return replace(self, model=model, infer_ms=infer_ms, images=images)


@cache
def measured() -> Measured:
    """The committed measurements. Raises `ConfigError` when they are not what `Measured` says."""
    return strict.parse_json(Measured, MEASURED_FILE.read_bytes(), MEASURED_FILE.name)
