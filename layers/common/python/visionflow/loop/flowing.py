"""How records flow into a dataset by its rule: each image once, however often it is tried."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from visionflow.datasets.flow import FLOW_RULE, Flow
from visionflow.datasets.names import COPIED, content_key, source_of
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.errors import DatasetImageMissingError
from visionflow.insights.copies import DatasetCopies, copy_of, is_brought
from visionflow.predictions.record import Prediction
from visionflow.predictions.store import PredictionStore

UPLOADED_WITHIN: Final = timedelta(hours=1)
"""An image that was announced longer ago does not come any more: signed requests are over."""


def wants(flow: Flow, prediction: Prediction) -> bool:
    """Whether a record flows into the dataset of the rule: one with an image."""
    if not prediction.has_image:
        return False
    model = prediction.model
    if flow.model is not None and (model is None or model.name != flow.model):
        return False
    met = {
        "uncertain": prediction.unknown_reason == "unsure",
        "unfamiliar": prediction.unknown_reason == "unfamiliar",
        "corrected": prediction.corrected_label() is not None,
    }
    return any(met[kind] for kind in flow.kinds)


def utc_day(now: datetime) -> str:
    """The day that the rule counts by."""
    return now.astimezone(UTC).date().isoformat()


@dataclass(frozen=True)
class Flowing:
    """Takes records into datasets."""

    store: DatasetStore
    predictions: PredictionStore
    copies: DatasetCopies

    def take(self, name: str, prediction_id: str, now: datetime) -> bool:
        """Look at a record by the rule that the dataset ``name`` has now. True where an image that
        was there has the rule's label, or has lost it; a new one is announced by its bytes.

        Every step may be repeated, and two at once let an image in once. Raises
        `DatasetMissingError`.
        """
        dataset = self.store.dataset(name)
        prediction = self.predictions.get(prediction_id)
        if dataset.flow is None or prediction is None:
            return False
        if prediction.image.sha256 is None or not prediction.image.bytes:
            return False
        wanted, label = wants(dataset.flow, prediction), _label(dataset, prediction)
        row = self._row(name, prediction.image.sha256)
        if row is None and wanted:
            image = copy_of(prediction, label, FLOW_RULE, now)
            admission = self.store.images.let_in(name, image, utc_day(now), dataset.flow.per_day)
            if admission == "new":
                self.copies.take(name, prediction, self.predictions.get)
            if admission != "known":
                return False
            row = self._row(name, image.sha256)
        if row is None or not self._stands_behind(name, row, prediction, wanted) or row.removed:
            return False
        self._bring(name, row, prediction, now)
        if label is None and row.source != source_of(prediction.id):
            # What the record says is not known, and its label may be another record's.
            return False
        return self.store.images.correct(name, row.sha256, label, FLOW_RULE)

    def _stands_behind(
        self, name: str, row: DatasetImage, prediction: Prediction, wanted: bool
    ) -> bool:
        """Whether an image that was there is, or is now, a record's too."""
        source = source_of(prediction.id)
        if row.source == source or not wanted:
            return row.source == source
        self.store.sources.came_also(name, row.sha256, source)
        return self.copies.stands(name, prediction, self.predictions.get)

    def _bring(self, name: str, row: DatasetImage, prediction: Prediction, now: datetime) -> None:
        """Copy the bytes of an image that was announced and has none: by a delivery that was cut
        off, or by an upload that never came."""
        source = source_of(prediction.id)
        if row.state != "pending":
            return
        announced = datetime.fromisoformat(row.added_at)
        if not row.source.startswith(COPIED) and now - announced < UPLOADED_WITHIN:
            return
        if self.copies.content.found(content_key(name, row.sha256)) is not None:
            return
        if is_brought(row, source, has_bytes=False):
            self.store.sources.came(name, row.sha256, source)
        self.copies.take(name, prediction, self.predictions.get)

    def _row(self, name: str, sha256: str) -> DatasetImage | None:
        try:
            return self.store.images.image(name, sha256)
        except DatasetImageMissingError:
            return None


def _label(dataset: Dataset, prediction: Prediction) -> str | None:
    """What people say that the image shows, if that is a class of the dataset."""
    feedback = prediction.feedback
    if feedback is None or feedback.label is None or feedback.is_parent:
        return None
    return dataset.class_of(feedback.label)
