"""What a comparison says, as it is stored and as the API shows it."""

from dataclasses import dataclass
from typing import Final, Literal

from visionflow.answers.answer import Score, UnknownReason

MOST_EXAMPLES: Final = 100
MOST_CELLS: Final = 200
MOST_LABELS: Final = 1_000
MOST_FOLDERS: Final = 200

By = Literal["folder", "size", "confidence"]
"""What images are grouped by: the folder below the source; their size in megapixels; how sure the
old version is."""


@dataclass(frozen=True)
class Versions:
    """Images that something is true of for ``both`` versions, for the ``new`` one alone, or for the
    ``old`` one alone."""

    both: int
    new: int
    old: int


@dataclass(frozen=True)
class Agreement:
    """The share of images that both versions answer alike, with a 95 % Wilson interval; null where
    there are none. Alike: with the same label, or both with unknown."""

    share: float | None
    low: float
    high: float


@dataclass(frozen=True)
class ConfidenceShift:
    """Mean confidences of the versions, null without images, and a histogram of new less old:
    ``counts`` of the bins between ``edges``."""

    new_mean: float | None
    old_mean: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ConfusedCell:
    """So many images have these two answers, which differ; null is unknown."""

    old: str | None
    new: str | None
    images: int


@dataclass(frozen=True)
class ComparedLabel:
    """Images that the ``new`` version, the ``old`` one, and ``both`` name so. ``shift``: the mean
    of new less old confidence where both do; null where they never do."""

    label: str
    new: int
    old: int
    both: int
    shift: float | None


@dataclass(frozen=True)
class ComparedSlice:
    """A group of images. ``value``: of a folder its path below the source, else a range such as
    ``0.5-2``. ``shift``: the mean of new less old confidence."""

    by: By
    value: str
    images: int
    agreement: Agreement
    shift: float


@dataclass(frozen=True)
class DisagreementCluster:
    """Images that look alike to the new version and that the versions answer differently, most of
    them as ``old`` and ``new`` say. ``images``: so many of those that were clustered; ``example``:
    the place of the one with the largest disagreement among the examples."""

    id: int
    images: int
    old: str | None
    new: str | None
    example: int


@dataclass(frozen=True)
class ComparedAnswer:
    """``label`` is null for an unknown image; ``top`` has the best labels all the same."""

    label: str | None
    confidence: float
    unknown_reason: UnknownReason | None
    top: tuple[Score, ...]


@dataclass(frozen=True)
class ComparedImage:
    """An image that the versions answer differently. ``disagreement``: 0..1, the total variation
    distance of their answers. ``thumbnail``: a URL that lives for 15 minutes; null where the image
    is gone, was erased, or cannot be drawn. ``prediction_id``: of its record, where it has one."""

    key: str
    bucket: str
    version_id: str | None
    cluster: int
    disagreement: float
    width: int
    height: int
    thumbnail: str | None
    prediction_id: str | None
    old: ComparedAnswer
    new: ComparedAnswer


@dataclass(frozen=True)
class BackfillComparison:
    """The answers of two versions to the same images.

    Attributes:
        new: as ``name/version``, as is ``old``.
        images: those that both have answered; everything but ``failed`` is of them.
        failed: images that nobody could answer, or one version alone could not.
        unknown: images that are unknown to both, or to one alone.
        confusion: where the answers differ, the largest cell first; ``confusion_left`` images are
            in cells that are left off.
        labels: the most changed first; ``labels_left`` are left off.
        slices: by their kind, the lowest agreement first; ``folders_left`` folders are left off.
        clusters: the largest first.
        examples: the largest disagreement first; clusters take turns.
    """

    new: str
    old: str
    images: int
    failed: Versions
    agreement: Agreement
    unknown: Versions
    confidence: ConfidenceShift
    confusion: tuple[ConfusedCell, ...]
    confusion_left: int
    labels: tuple[ComparedLabel, ...]
    labels_left: int
    slices: tuple[ComparedSlice, ...]
    folders_left: int
    clusters: tuple[DisagreementCluster, ...]
    examples: tuple[ComparedImage, ...]
