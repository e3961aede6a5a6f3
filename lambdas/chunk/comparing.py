"""What a comparison needs of an image that two versions were asked about."""

from dataclasses import replace

import numpy as np

from lambdas.chunk.outcomes import Taken
from lambdas.classification.service import DEFAULT_TOP_K, ClassifiedImage
from visionflow.backfills.comparison.candidates import Candidate
from visionflow.backfills.comparison.groups import folder_of
from visionflow.backfills.comparison.measure import Answer, disagreement, distribution
from visionflow.backfills.comparison.part import Compared
from visionflow.backfills.comparison.thumbnails import thumbnail_of
from visionflow.backfills.comparison.view import ComparedAnswer, ComparedImage
from visionflow.backfills.request import Work
from visionflow.errors import VisionFlowError


def compared(taken: Taken, work: Work, own: str) -> Compared:
    """The first version is the new one. ``own``: the stage's bucket of images."""
    folder = folder_of(work, taken.entry.key)
    new, old = taken.answers
    if isinstance(new, VisionFlowError) or isinstance(old, VisionFlowError):
        return Compared(folder, 0, _answer(old), _answer(new))
    width, height = new.image.size
    found = Compared(folder, width * height, _said(old), _said(new))
    if _said(old).label == _said(new).label:
        return found
    return replace(found, candidate=_candidate(taken, old, new, own))


def _answer(found: ClassifiedImage | VisionFlowError) -> Answer | None:
    return None if isinstance(found, VisionFlowError) else _said(found)


def _said(image: ClassifiedImage) -> Answer:
    found = image.classification
    return Answer(found.label, found.confidence, found.unknown)


def _candidate(taken: Taken, old: ClassifiedImage, new: ClassifiedImage, own: str) -> Candidate:
    entry, stored = taken.entry, taken.stored
    version = entry.version or (stored.version_id if stored else None)
    etag = entry.etag or (stored.etag if stored else None)
    width, height = new.image.size
    shares = (
        distribution(image.classification.scores, unknown=not image.classification.known)
        for image in (old, new)
    )
    shown = ComparedImage(
        key=entry.key,
        bucket=taken.bucket,
        version_id=version,
        cluster=0,
        disagreement=disagreement(*shares),
        width=width,
        height=height,
        thumbnail=thumbnail_of(taken.bucket, entry.key, version or etag or "", own),
        prediction_id=None,  # known when somebody looks: records come and go
        old=_shown(old),
        new=_shown(new),
    )
    return Candidate(shown, _direction(new))


def _shown(image: ClassifiedImage) -> ComparedAnswer:
    found, said = image.classification, _said(image)
    return ComparedAnswer(said.label, said.confidence, said.reason, found.scores[:DEFAULT_TOP_K])


def _direction(image: ClassifiedImage) -> bytes:
    embedding = image.classification.embedding.astype(np.float32)
    length = float(np.linalg.norm(embedding))
    # Of length 1, where half precision has no number too large.
    return (embedding / length).astype(np.float16).tobytes() if length > 0 else b""
