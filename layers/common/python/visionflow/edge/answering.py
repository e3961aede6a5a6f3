"""From an image's bytes to its line, by the code that the functions run."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from visionflow.answers.classifier import Classification, Classifier, FloatArray
from visionflow.edge.lines import Failure, Line, Smoothed
from visionflow.errors import ImageError
from visionflow.images import pipeline
from visionflow.timestamps import timestamp

TOP_K = 5
# The weight of what was seen falls to 1/e in this time: long enough to calm what flickers, short
# enough to follow a hand.
_SMOOTHING_S = 0.4

Now = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Answering:
    """One version, opened once for all threads. Each image takes one thread."""

    def __init__(self, folder: Path, now: Now = _now) -> None:
        """Raises `ArtifactError`, `ConfigError`."""
        self._classifier = Classifier.open(folder)
        self._now = now
        manifest = self._classifier.manifest
        self.model = f"{manifest.name}/{manifest.version}"

    def still(self, data: bytes, device_id: str, file: str | None = None) -> Line:
        """The answer to one image, to the bit that of the functions; or its error."""
        return self._line(data, device_id, file, self._classifier.classify)

    def unread(self, error: OSError | ImageError, device_id: str, file: str) -> Line:
        """The line of a file that could not be read, or is too large to be."""
        if isinstance(error, ImageError):
            failure = Failure(error.code, str(error))
        else:
            failure = Failure("file", f"{file}: {error.strerror or error}.")
        return self._failed(device_id, file, 0.0, failure)

    def frames(self) -> "Frames":
        """For the frames of one camera."""
        return Frames(self, self._classifier)

    def _line(
        self,
        data: bytes,
        device_id: str,
        file: str | None,
        classify: Callable[[pipeline.UInt8Array], list[Classification]],
    ) -> Line:
        start = time.perf_counter()
        try:
            image = pipeline.decode(data, self._classifier.manifest.input)
            tensor = pipeline.prepare(image, self._classifier.manifest.input)
        except ImageError as error:
            failure = Failure(error.code, str(error))
            return self._failed(device_id, file, _since(start), failure)
        (found,) = classify(tensor[None])
        width, height = image.size
        return Line(
            file=file,
            made_at=timestamp(self._now()),
            device_id=device_id,
            model=self.model,
            status="ok" if found.known else "unknown",
            label=found.label,
            confidence=found.confidence,
            parents=found.parents,
            top_k=found.scores[:TOP_K],
            unknown_reason=found.unknown,
            familiarity=found.familiarity,
            width=width,
            height=height,
            milliseconds=_since(start),
            error=None,
        )

    def _failed(
        self, device_id: str, file: str | None, milliseconds: float, failure: Failure
    ) -> Line:
        return Line(
            file=file,
            made_at=timestamp(self._now()),
            device_id=device_id,
            model=self.model,
            status="failed",
            label=None,
            confidence=None,
            parents=(),
            top_k=(),
            unknown_reason=None,
            familiarity=None,
            width=None,
            height=None,
            milliseconds=milliseconds,
            error=failure,
        )


@dataclass
class _Seen:
    """Outputs averaged over frames; ``at``: when the last of them was."""

    logits: FloatArray
    embeddings: FloatArray
    at: float


class Frames:
    """The frames of one camera, with an answer that is smoothed over the last of them."""

    def __init__(self, answering: Answering, classifier: Classifier) -> None:
        self._answering, self._classifier = answering, classifier
        self._seen: _Seen | None = None
        self._smoothed: Smoothed | None = None
        self._lock = threading.Lock()

    def answer(self, data: bytes, device_id: str, at: float) -> Line:
        """The line of a frame that was seen ``at`` so many seconds of any steady clock."""

        def classify(batch: pipeline.UInt8Array) -> list[Classification]:
            logits, embeddings, cams = self._classifier.run(batch)
            seen = self._averaged(logits, embeddings, at)
            (calm,) = self._classifier.answers(batch, seen.logits, seen.embeddings, cams)
            status = "ok" if calm.known else "unknown"
            self._smoothed = Smoothed(status, calm.label, calm.confidence)  # type: ignore[arg-type]
            return self._classifier.answers(batch, logits, embeddings, cams)

        with self._lock:
            self._smoothed = None
            line = self._answering._line(data, device_id, None, classify)
            return Line(**{**vars(line), "smoothed": self._smoothed})

    def _averaged(self, logits: FloatArray, embeddings: FloatArray, at: float) -> _Seen:
        before = self._seen
        if before is None:
            self._seen = _Seen(logits, embeddings, at)
        else:
            kept = np.float32(math.exp(-max(0.0, at - before.at) / _SMOOTHING_S))
            self._seen = _Seen(
                kept * before.logits + (1 - kept) * logits,
                kept * before.embeddings + (1 - kept) * embeddings,
                at,
            )
        return self._seen


def _since(start: float) -> float:
    return round(1000 * (time.perf_counter() - start), 2)
