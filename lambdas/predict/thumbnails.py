"""Thumbnails of records, made from the originals when somebody looks at them.

Most images are looked at by nobody, and a write to S3 costs more than all else that is done with
one. Here and not in the API's function, because an image is decoded in a process of its own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from lambdas.classification.decoder import Decoder
from lambdas.telemetry.log import logger
from visionflow.errors import ImageError, InvalidParameterError
from visionflow.images.input_spec import InputSpec
from visionflow.images.store import ImageStore
from visionflow.predictions.record import ID, Prediction, thumbnail_key
from visionflow.predictions.store import PredictionStore

MOST: Final = 20
"""A request has room for as many within its time."""
# Originals that are read at once. Only one at a time is decoded, for which the memory is.
_AT_ONCE = 4
# The decoder prepares an image for a model too; the smallest costs nothing.
_NO_MODEL = InputSpec(size=4, resize=4)


@dataclass(frozen=True)
class RecordThumbnails:
    """Short-lived URLs by the ids of records; null where no thumbnail can be made, because the
    original is gone or cannot be read or decoded. An id without a record is left out."""

    items: dict[str, str | None]


@dataclass(frozen=True)
class ThumbnailService:
    """Makes thumbnails and keeps them."""

    images: ImageStore
    predictions: PredictionStore
    decoder: Decoder
    _decoding: Lock = field(default_factory=Lock)

    def of(
        self, ids: Sequence[str], owner: str | None, allow: Callable[[], None]
    ) -> RecordThumbnails:
        """``owner``: only what this caller sent exists. ``allow`` is called before anything is
        read, and raises if the caller has used up a quota.

        Raises `InvalidParameterError`.
        """
        wanted = list(dict.fromkeys(ids))
        if not 1 <= len(wanted) <= MOST:
            raise InvalidParameterError(
                f"predictions must name 1 to {MOST} records, found {len(wanted)}.", "predictions"
            )
        allow()
        known = [prediction_id for prediction_id in wanted if ID.fullmatch(prediction_id)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(self.predictions.get, known))
            seen = [p for p in found if p is not None and owner in (None, p.owner)]
            return RecordThumbnails(dict(filter(None, pool.map(self._of, seen))))

    def _of(self, prediction: Prediction) -> tuple[str, str | None] | None:
        """The id and the URL; None where the record was erased meanwhile."""
        key = prediction.thumbnail_key
        if key is None and prediction.status != "failed":
            try:
                key = self._make(prediction)
            except ImageError as error:
                logger.info("no thumbnail", extra={"code": error.code, "of": prediction.id})
            except self.images.refusal as error:
                # Of one image, whose key is disabled perhaps; the others of the screen are drawn.
                logger.warning("no thumbnail", extra={"reason": str(error), "of": prediction.id})
            else:
                if key is None:
                    return None
        return prediction.id, None if key is None else self.images.url(key)

    def _make(self, prediction: Prediction) -> str | None:
        """The key; None where the record is gone. Raises an `ImageError`."""
        data = self.images.read(prediction.image.key, prediction.image.version_id)
        with self._decoding:
            drawn = self.decoder.prepare(data, _NO_MODEL).thumbnail
        key = thumbnail_key(prediction.id)
        version_id = self.images.write(key, drawn, "image/jpeg")
        # An erasure hides the record first, and may have looked for objects before this one came.
        if self.predictions.illustrate(prediction.id, key):
            return key
        self.images.erase(key, version_id)
        return None
