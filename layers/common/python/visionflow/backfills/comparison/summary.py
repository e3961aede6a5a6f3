"""From counts and candidates to what a comparison says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from visionflow.backfills.comparison.candidates import Candidate, by_disagreement
from visionflow.backfills.comparison.groups import place_of
from visionflow.backfills.comparison.part import BINS, MOST_KEPT_FOLDERS, Part
from visionflow.backfills.comparison.view import (
    MOST_CELLS,
    MOST_EXAMPLES,
    MOST_FOLDERS,
    MOST_LABELS,
    Agreement,
    BackfillComparison,
    ComparedImage,
    ComparedLabel,
    ComparedSlice,
    ConfidenceShift,
    ConfusedCell,
    DisagreementCluster,
    Versions,
)
from visionflow.insights.intervals import share

# Of the hash of a folder.
_HASHES: Final = 2**64


def comparison_of(models: tuple[str, ...], part: Part) -> BackfillComparison:
    """``models``: the new version, then the old one."""
    new, old = models
    confusion = sorted(part.pairs.items(), key=lambda one: (-one[1], str(one[0])))[:MOST_CELLS]
    shown = sum(images for _, images in confusion)
    labels = _labels(part)
    slices, folders = _slices(part)
    clusters, examples = _examples(part.candidates)
    return BackfillComparison(
        new=new,
        old=old,
        images=part.images,
        failed=Versions(*part.failed),
        agreement=_agreement(part.alike, part.images),
        unknown=Versions(*part.unknown),
        confidence=_confidence(part),
        confusion=tuple(ConfusedCell(*pair, images) for pair, images in confusion),
        confusion_left=part.images - part.alike - shown,
        labels=tuple(labels[:MOST_LABELS]),
        labels_left=max(0, len(labels) - MOST_LABELS),
        slices=slices,
        folders_left=folders,
        clusters=clusters,
        examples=examples,
    )


def _agreement(alike: float, images: float) -> Agreement:
    found = share(int(alike), int(images))
    return Agreement(found.accuracy, found.low, found.high)


def _confidence(part: Part) -> ConfidenceShift:
    edges = tuple(round(2 * at / BINS - 1, 2) for at in range(BINS + 1))
    new, old = (total / part.images if part.images else None for total in part.sums)
    return ConfidenceShift(new, old, edges, tuple(part.bins))


def _labels(part: Part) -> list[ComparedLabel]:
    """The most changed first: by the images that only one of the versions names so."""
    found = [
        ComparedLabel(label, int(new), int(old), int(both), shift / both if both else None)
        for label, (new, old, both, shift) in part.labels.items()
    ]
    return sorted(found, key=lambda one: (2 * one.both - one.new - one.old, one.label))


def _slices(part: Part) -> tuple[tuple[ComparedSlice, ...], int]:
    """Also how many folders are left off: an estimate where not all of them were kept."""
    found = [
        ComparedSlice(by, value, int(images), _agreement(alike, images), shift / images)
        for (by, value), (images, alike, shift) in part.groups.items()
    ]
    # The lowest agreement that is certain first, so that a folder of two images is not.
    found.sort(key=lambda one: (one.by, one.agreement.high, one.value))
    folders = [one for one in found if one.by == "folder"]
    others = [one for one in found if one.by != "folder"]
    number = len(folders)
    if number >= MOST_KEPT_FOLDERS:
        # Bar-Yossef et al. (2002), https://doi.org/10.1007/3-540-45726-7_1: by the k-th hash.
        number = round((number - 1) * _HASHES / max(place_of(one.value) for one in folders))
    return (*folders[:MOST_FOLDERS], *others), max(0, number - MOST_FOLDERS)


def _examples(
    candidates: Sequence[Candidate],
) -> tuple[tuple[DisagreementCluster, ...], tuple[ComparedImage, ...]]:
    """Clusters take turns, each with its largest disagreement that is left."""
    if not candidates:
        return (), ()
    # NumPy is needed by this alone, and the API reads what was found.
    from visionflow.backfills.comparison.clusters import clustered  # noqa: PLC0415

    groups = [by_disagreement(group) for group in clustered(by_disagreement(candidates))]
    groups.sort(key=lambda group: (-len(group), -group[0].image.disagreement, group[0].image.key))
    ranked = [
        (rank, -one.image.disagreement, one.image.key, number, one)
        for number, group in enumerate(groups)
        for rank, one in enumerate(group)
    ]
    chosen = sorted(ranked, key=lambda each: each[:4])[:MOST_EXAMPLES]
    examples = tuple(replace(one.image, cluster=number) for *_, number, one in chosen)
    firsts = {number: at for at, (rank, _, _, number, _) in enumerate(chosen) if rank == 0}
    clusters = []
    for number, group in enumerate(groups):
        ((old, new), _), *_ = Counter(one.cell for one in group).most_common()
        clusters.append(DisagreementCluster(number, len(group), old, new, firsts[number]))
    return tuple(clusters), examples
