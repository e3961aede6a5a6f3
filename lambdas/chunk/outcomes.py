"""What becomes of an image: rows of a file, or its one record."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from lambdas.classification.loading import Serving
from lambdas.classification.service import (
    DEFAULT_TOP_K,
    ClassifiedImage,
    Subject,
    answered,
    failed,
    image_ref,
)
from lambdas.classification.uploads import Upload
from visionflow.answers.answer import Score
from visionflow.backfills.chunks import Entry
from visionflow.backfills.columns import Result
from visionflow.errors import VisionFlowError
from visionflow.images.store import StoredImage
from visionflow.predictions.record import Prediction
from visionflow.timestamps import timestamp

# Of an error's text in a file.
_LONGEST = 1_000


@dataclass(frozen=True)
class Taken:
    """One image of a chunk after it was tried. ``answers``: by version, in their order; an error
    where a version, or all, could not answer. ``stored`` is what was read."""

    bucket: str
    entry: Entry
    stored: StoredImage | None
    answers: tuple[ClassifiedImage | VisionFlowError, ...]
    at: datetime
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def upload(self) -> Upload | None:
        """As the queue of dropped images would announce it; None where nothing says which version
        it is."""
        version = self.entry.version or (self.stored.version_id if self.stored else None)
        etag = self.entry.etag or (self.stored.etag if self.stored else None)
        if version is None and etag is None:
            return None
        size = len(self.stored.data) if self.stored else self.entry.size or 0
        return Upload(self.bucket, self.entry.key, version, etag or "", size)

    @property
    def status(self) -> str:
        """By the first version."""
        first = self.answers[0]
        if isinstance(first, VisionFlowError):
            return "failed"
        return "ok" if first.classification.known else "unknown"

    @property
    def code(self) -> str | None:
        first = self.answers[0]
        return first.code if isinstance(first, VisionFlowError) else None


def results(taken: Taken, versions: tuple[Serving, ...]) -> list[Result]:
    """A row for each version."""
    upload = taken.upload
    rows = []
    for serving, answer in zip(versions, taken.answers, strict=True):
        error = answer if isinstance(answer, VisionFlowError) else None
        image = None if isinstance(answer, VisionFlowError) else answer
        data = taken.stored.data if taken.stored else None
        version = upload.version_id if upload else None
        ref = image_ref(taken.bucket, taken.entry.key, version, data, image)
        found = image.classification if image else None
        scores: tuple[Score, ...] = found.scores[:DEFAULT_TOP_K] if found else ()
        rows.append(
            Result(
                prediction_id=_id(upload),
                bucket=taken.bucket,
                key=taken.entry.key,
                version_id=ref.version_id,
                etag=(upload.etag or None) if upload else None,
                bytes=ref.bytes if ref.bytes is not None else taken.entry.size,
                width=ref.width,
                height=ref.height,
                sha256=ref.sha256,
                model=serving.model.text,
                status="failed" if found is None else "ok" if found.known else "unknown",
                label=found.label if found else None,
                confidence=found.confidence if found else None,
                unknown_reason=found.unknown if found else None,
                familiarity=found.familiarity if found else None,
                parents=found.parents if found else (),
                top_labels=tuple(score.label for score in scores),
                top_confidences=tuple(score.confidence for score in scores),
                error_code=error.code if error else None,
                error_message=str(error)[:_LONGEST] if error else None,
                classified_at=timestamp(taken.at),
            )
        )
    return rows


def _id(upload: Upload | None) -> str | None:
    return None if upload is None else upload.prediction_ids[0]


def prediction(taken: Taken, upload: Upload, prediction_id: str, retention_days: int) -> Prediction:
    """The record of an image that the queue of dropped images would have made."""
    answer, stored = taken.answers[0], taken.stored
    image = None if isinstance(answer, VisionFlowError) else answer
    data = stored.data if stored else None
    found = image_ref(upload.bucket, upload.key, upload.version_id, data, image)
    subject = Subject(prediction_id, "s3", found, taken.timings, taken.at)
    if isinstance(answer, VisionFlowError):
        made = failed(subject, answer, retention_days)
    else:
        made = answered(subject, answer, retention_days)
    owner = upload.owner(stored) if stored else None
    return replace(made, owner=owner, filename=upload.filename(stored))
