"""What lies behind the scores of the test images: the data of every figure."""

from dataclasses import dataclass

THUMBNAIL_SIDE = 112
ROWS, COLUMNS = 2, 8


@dataclass(frozen=True)
class Curve:
    """``x`` rises from 0 to 1. ``area`` is that of all points, before they were thinned."""

    area: float
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class ClassCurve:
    """The curve of one class against all others."""

    label: str
    curve: Curve


@dataclass(frozen=True)
class CurveSet:
    """``micro``: every pair of image and class, in one list. ``macro``: the mean of the classes.
    Classes without test images are left out."""

    micro: Curve
    macro: Curve
    classes: tuple[ClassCurve, ...]


@dataclass(frozen=True)
class Curves:
    """``roc``: true over false positive rate. ``precision_recall``: precision over recall, the area
    being average precision. Both None where ``skipped`` says why."""

    skipped: str | None
    roc: CurveSet | None
    precision_recall: CurveSet | None


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers with a confidence between ``low`` and ``high``: how sure, and how often right."""

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy. ``ece`` is the expected calibration error, in 0..1; bins that no
    answer fell into are left out."""

    ece: float
    bins: tuple[ReliabilityBin, ...]


FEW_ANSWERS = 10
"""With fewer, the accuracy of a bin says nothing."""


def merged_bins(
    bins: tuple[ReliabilityBin, ...], least: int = FEW_ANSWERS
) -> tuple[ReliabilityBin, ...]:
    """``bins``, with neighbours taken together until each has ``least`` answers, as far as there
    are so many. Together they reach over the empty ones between them."""
    merged: list[ReliabilityBin] = []
    for one in bins:
        if merged and merged[-1].images < least:
            merged[-1] = _together(merged[-1], one)
        else:
            merged.append(one)
    if len(merged) > 1 and merged[-1].images < least:
        last = merged.pop()
        merged[-1] = _together(merged[-1], last)
    return tuple(merged)


def _together(lower: ReliabilityBin, upper: ReliabilityBin) -> ReliabilityBin:
    images = lower.images + upper.images

    def mean(of_lower: float, of_upper: float) -> float:
        return (of_lower * lower.images + of_upper * upper.images) / images

    return ReliabilityBin(
        low=lower.low,
        high=upper.high,
        images=images,
        confidence=mean(lower.confidence, upper.confidence),
        accuracy=mean(lower.accuracy, upper.accuracy),
    )


@dataclass(frozen=True)
class CoverageCurve:
    """What is right among the answers whose confidence reaches ``threshold``, from all answers to
    the most confident ones. ``coverage``: their share of all answers."""

    threshold: tuple[float, ...]
    coverage: tuple[float, ...]
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """On test images, with the temperature and the threshold that validation images chose."""

    temperature: float
    unknown_threshold: float
    before: Reliability
    """At temperature 1."""
    after: Reliability
    coverage: CoverageCurve


@dataclass(frozen=True)
class EmbeddingMap:
    """Point i lies at ``x[i]``, ``y[i]`` (no unit); ``truth`` and ``answer`` index the labels.

    Empty where ``skipped`` says why.
    """

    skipped: str | None
    x: tuple[float, ...]
    y: tuple[float, ...]
    truth: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True)
class ImageAnswer:
    """An image as the network sees it, and the network's answer.

    ``file``: relative to the folder of its split. ``image``: a JPEG as data URL. ``confidence``:
    of the answer, 0..1; ``truth_confidence``: of the true class.
    """

    file: str
    image: str
    truth: str
    answer: str
    confidence: float
    truth_confidence: float


@dataclass(frozen=True)
class ActivationMap:
    """Evidence for ``label``: rows of values in 0..1 that span the whole image."""

    label: str
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ExplainedImage:
    """An answer with the map of the class that was answered and, where wrong, of the true one."""

    image: ImageAnswer
    maps: tuple[ActivationMap, ...]


@dataclass(frozen=True)
class StageActivations:
    """A stage's output for one image: ``channels`` maps of ``height`` x ``width``.

    ``grid``: those that differ most over the image, at most `ROWS` x `COLUMNS`, each reduced to
    `MOST_PIXELS` or less, from its minimum (black) to its maximum (white), as one PNG (data URL).
    """

    stage: str
    channels: int
    height: int
    width: int
    grid: str


@dataclass(frozen=True)
class Activations:
    """One image on its way through the network, from the first stage to the last."""

    image: ImageAnswer
    stages: tuple[StageActivations, ...]


@dataclass(frozen=True)
class Findings:
    """All of the served model on test images. ``activations``: of the network that it was exported
    from; None for an ensemble.
    """

    curves: Curves
    calibration: Calibration
    embedding_map: EmbeddingMap
    right: tuple[ExplainedImage, ...]
    wrong: tuple[ExplainedImage, ...]
    mistakes: tuple[ImageAnswer, ...]
    activations: Activations | None
