"""Records of a backfill: under the ids that the queue of dropped images gives, each once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from lambdas.chunk.again import again
from lambdas.chunk.outcomes import Taken, prediction
from lambdas.classification.uploads import Upload, record
from visionflow.backfills.chunks import Entry
from visionflow.backfills.request import Work
from visionflow.errors import ModelUnavailableError, VisionFlowError
from visionflow.predictions.record import Prediction
from visionflow.predictions.store import Held, PredictionStore


class Wrote(NamedTuple):
    """What became of an image, by `OUTCOMES`, and whether its record was written now."""

    outcome: str
    is_new: bool


@dataclass(frozen=True)
class Recorder:
    """``pool`` writes at the same time."""

    predictions: PredictionStore
    retention_days: int
    pool: ThreadPoolExecutor

    def known(
        self, work: Work, bucket: str, entries: Sequence[Entry], since: str
    ) -> dict[int, str]:
        """What became of those that have their record already, by their places: one that an earlier
        call of the same chunk has made after ``since`` counts as what it says, others as skipped.
        An image whose version no list names is looked for when it has been read."""
        if work.into != "records":
            return {}
        uploads = {
            at: Upload(bucket, entry.key, entry.version, entry.etag or "", entry.size or 0)
            for at, entry in enumerate(entries)
            if entry.version or entry.etag
        }
        ids = [one for upload in uploads.values() for one in upload.prediction_ids]
        held = self.predictions.held(list(dict.fromkeys(ids)))
        found = ((at, _held(upload, held, since)) for at, upload in uploads.items())
        return {at: outcome for at, outcome in found if outcome is not None}

    def begin(self, taken: Taken, since: str) -> Future[Wrote]:
        """Write the record of an image that has none yet, beside other work."""
        upload, answer = taken.upload, taken.answers[0]
        if upload is None or isinstance(answer, ModelUnavailableError):
            # Nothing says which image it would be of; or another version may answer it one day.
            nothing: Future[Wrote] = Future()
            nothing.set_result(Wrote("failed", is_new=False))
            return nothing
        made = prediction(taken, upload, upload.prediction_ids[0], self.retention_days)
        sketch = None if isinstance(answer, VisionFlowError) else answer.sketch
        return self.pool.submit(self._write, upload, made, sketch, since)

    def _write(self, upload: Upload, made: Prediction, sketch: bytes | None, since: str) -> Wrote:
        add = partial(self.predictions.add, sketch=sketch)
        if again(lambda: record(self.predictions, upload, made, add)) is not None:
            return Wrote(made.status, is_new=True)
        held = self.predictions.held(upload.prediction_ids)
        return Wrote(_held(upload, held, since) or "skipped", is_new=False)


def _held(upload: Upload, held: Mapping[str, Held], since: str) -> str | None:
    for one in upload.prediction_ids:
        if one in held and held[one].object_id == upload.own_id:
            known = held[one]
            return known.status if known.status and known.created_at >= since else "skipped"
    return None
