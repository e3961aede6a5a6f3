"""Thumbnails of records, made from the originals when somebody looks at them.

Most images are looked at by nobody, and a write to S3 costs more than all else that is done with
one. Here and not in the API's function, because an image is decoded in a process of its own.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
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
BEGIN_WITHIN_S: Final = 4.0
"""After that no other is begun, so that one whose decoder hangs still ends within the function's
time."""
# Originals that are read at once. Only one at a time is decoded, for which the memory is.
_AT_ONCE = 4
# The decoder prepares an image for a model too; the smallest costs nothing.
_NO_MODEL = InputSpec(size=4, resize=4)


@dataclass(frozen=True)
class RecordThumbnails:
    """Short-lived URLs by the ids of records; null where no thumbnail can be made, because the
    original is gone or cannot be read or decoded. An id without a record is left out. ``later``:
    the ids for whose thumbnails there was no time in this request; ask for them again."""

    items: dict[str, str | None]
    later: tuple[str, ...]


class _NoTimeError(Exception):
    """There is no time left to draw it in this request."""


class _Turn:
    """One request's time. The first is always begun, so that whoever asks again comes to an end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock() + BEGIN_WITHIN_S
        self._begun = False

    def check(self) -> None:
        """Raises `_NoTimeError`."""
        if self._begun and self._clock() > self._last:
            raise _NoTimeError

    def begin(self) -> None:
        """Raises `_NoTimeError`."""
        self.check()
        self._begun = True


@dataclass(frozen=True)
class ThumbnailService:
    """Makes thumbnails and keeps them."""

    images: ImageStore
    predictions: PredictionStore
    decoder: Decoder
    clock: Callable[[], float] = time.monotonic
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
        turn, later = _Turn(self.clock), list[str]()
        known = [prediction_id for prediction_id in wanted if ID.fullmatch(prediction_id)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(self.predictions.get, known))
            seen = [p for p in found if p is not None and owner in (None, p.owner)]
            made = pool.map(partial(self._of, turn, later), seen)
            items = dict(filter(None, made))
        return RecordThumbnails(items, tuple(id_ for id_ in wanted if id_ in later))

    def _of(
        self, turn: _Turn, later: list[str], prediction: Prediction
    ) -> tuple[str, str | None] | None:
        """The id and the URL; None where the record was erased meanwhile, or comes ``later``."""
        key = prediction.thumbnail_key
        if key is None and prediction.status != "failed":
            try:
                key = self._make(turn, prediction)
            except _NoTimeError:
                later.append(prediction.id)
                return None
            except ImageError as error:
                logger.info("no thumbnail", extra={"code": error.code, "of": prediction.id})
            except self.images.refusal as error:
                # Of one image, whose key is disabled perhaps; the others of the screen are drawn.
                logger.warning("no thumbnail", extra={"reason": str(error), "of": prediction.id})
            else:
                if key is None:
                    return None
        return prediction.id, None if key is None else self.images.url(key)

    def _make(self, turn: _Turn, prediction: Prediction) -> str | None:
        """The key; None where the record is gone. Raises an `ImageError` and `_NoTimeError`."""
        turn.check()
        stored = prediction.stored_image
        data = self.images.read(stored.key, stored.version_id)
        with self._decoding:
            turn.begin()
            drawn = self.decoder.prepare(data, _NO_MODEL).thumbnail
        key = thumbnail_key(prediction.id)
        version_id = self.images.write(key, drawn, "image/jpeg")
        # An erasure hides the record first, and may have looked for objects before this one came.
        if self.predictions.illustrate(prediction.id, key):
            return key
        self.images.erase(key, version_id)
        return None
