"""What `VisionFlow.classify` returns, and many images at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from visionflow.client.answers import (
    Explanation,
    ImageRef,
    ModelRef,
    PredictionSet,
    Score,
)
from visionflow.client.errors import ApiError
from visionflow.client.sources import Image


@dataclass(frozen=True)
class Classification:
    """The recorded answer to an image, whichever way it went.

    ``status`` is ``ok`` or ``unknown``, and ``unknown_reason`` why. ``top_k`` has the best labels.
    ``explanation`` and ``prediction_set`` are None where they were not asked for.
    """

    id: str
    status: str
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    parents: tuple[str, ...]
    unknown_reason: str | None
    familiarity: float | None
    model: ModelRef | None
    image: ImageRef
    filename: str | None
    created_at: str
    explanation: Explanation | None
    prediction_set: PredictionSet | None


@dataclass(frozen=True)
class Answered:
    """An image with its ``answer``, or with the ``error`` in its place."""

    image: Image
    answer: Classification | None
    error: ApiError | OSError | None


def answered_all(
    classify: Callable[[Image], Classification], images: Iterable[Image], workers: int
) -> Iterator[Answered]:
    """Each image in its order, ``workers`` at a time; as many more at most are taken ahead."""

    def answered(image: Image) -> Answered:
        try:
            return Answered(image, classify(image), None)
        except (ApiError, OSError) as error:
            return Answered(image, None, error)

    left = iter(images)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Answered]] = deque()
        try:
            ahead.extend(pool.submit(answered, image) for image in islice(left, 2 * workers))
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(answered, image) for image in islice(left, 1))
        finally:
            # Whoever stops early waits for what is on its way alone.
            for future in ahead:
                future.cancel()
