"""A recorded prediction as the API shows it, with short-lived URLs."""

from dataclasses import dataclass
from typing import Self

from lambdas.api.resources import Resources
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.errors import ForbiddenError, PredictionNotFoundError
from visionflow.images.store import ImageStore
from visionflow.predictions.record import ID, Prediction
from visionflow.predictions.reviews import Undoable
from visionflow.predictions.store import PredictionStore


@dataclass(frozen=True)
class LogEntry(Prediction):
    """A prediction in a list. ``thumbnail_url`` is short-lived, null where no thumbnail was made
    yet; `GET /thumbnails` makes one."""

    thumbnail_url: str | None


@dataclass(frozen=True)
class PredictionDetail(LogEntry):
    """One prediction with short-lived URLs for its image and thumbnail. ``image_url`` is null where
    the original is no longer kept, or never left its device. ``undoable``: the feedback that the
    caller may take back: their ``own`` latest, also one that somebody outweighs, or for an admin
    ``unowned``, of which nobody knows who gave it. Null: none."""

    image_url: str | None
    undoable: Undoable | None


@dataclass(frozen=True)
class Records:
    """Predictions with their images. ``own``: for a caller who is not an admin, only what they sent
    exists."""

    predictions: PredictionStore
    images: ImageStore
    own: bool

    @classmethod
    def build(cls, resources: Resources) -> Self:
        own = bool(resources.settings.own_records)
        return cls(resources.predictions, resources.images, own)

    def owner_for(self, caller: Caller) -> str | None:
        """Whose records alone ``caller`` sees; None: everybody's."""
        return caller.id if self.own and not caller.is_admin else None

    def find(self, prediction_id: str, caller: Caller) -> Prediction:
        """Raises `PredictionNotFoundError`."""
        known = ID.fullmatch(prediction_id)
        return self._seen(
            self.predictions.get(prediction_id) if known else None, prediction_id, caller
        )

    def is_taken(self, prediction_id: str) -> bool:
        """Whether a record has this id, whoever may see it, or had it until it was erased."""
        known = ID.fullmatch(prediction_id)
        return known is not None and self.predictions.holder(prediction_id) is not None

    def find_erasable(self, prediction_id: str, caller: Caller) -> Prediction:
        """Also a record whose erasure has begun.

        Raises `PredictionNotFoundError`, and `ForbiddenError` for somebody else's.
        """
        known = ID.fullmatch(prediction_id)
        prediction = self._seen(
            self.predictions.erasable(prediction_id) if known else None, prediction_id, caller
        )
        if not caller.is_admin and caller.id != prediction.owner:
            raise ForbiddenError("Only who sent the image and admins may erase it.")
        return prediction

    def _seen(
        self, prediction: Prediction | None, prediction_id: str, caller: Caller
    ) -> Prediction:
        if prediction is None or self.owner_for(caller) not in (None, prediction.owner):
            raise PredictionNotFoundError(f"There is no prediction {prediction_id!r:.80}.")
        return prediction

    def entry(self, prediction: Prediction) -> LogEntry:
        key = prediction.thumbnail_key
        url = None if key is None else self.images.url(key)
        return strict.extended(LogEntry, prediction, thumbnail_url=url)

    def detail(self, prediction: Prediction, undoable: Undoable | None) -> PredictionDetail:
        key, version_id = prediction.image.key, prediction.image.version_id
        kept = key is not None and self.images.has(key, version_id)
        url = self.images.url(key, version_id) if key is not None and kept else None
        entry = self.entry(prediction)
        return strict.extended(PredictionDetail, entry, image_url=url, undoable=undoable)
