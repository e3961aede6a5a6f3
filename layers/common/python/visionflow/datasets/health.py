"""What is right and wrong with a dataset, by counts, and what to collect next."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from visionflow.datasets.record import DatasetClass, DatasetImage

FEW_IMAGES: Final = 20
"""A class with fewer images has hardly any to test it with."""
FEW_GROUPS: Final = 10
"""A class whose images show fewer things is known by those things."""
IMBALANCED: Final = 5.0
"""From this ratio of the largest to the smallest class on, the small one is worth more images."""

AdviceCode = Literal[
    "one_class", "few_images", "few_groups", "imbalance", "unlabelled", "suspected"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do next: a code that pages translate, and what it is about."""

    code: AdviceCode
    params: dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassHealth:
    """``images`` that are ready and labelled so, in ``groups`` of look-alikes. ``suspected`` of
    them look like another class, ``outliers`` like none."""

    name: str
    images: int
    groups: int
    suspected: int
    outliers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A dataset in numbers.

    Attributes:
        images: all that are in it: labelled, unlabelled, pending and unreadable.
        labelled, unlabelled: of those that are ready.
        removed: out of the dataset, and in no other number.
        duplicates: images that a group has beside its first.
        groups: of ready images.
        imbalance: images of the largest class by those of the smallest; 1 for fewer than two.
        advice: what to do next, the most important first.
        new_labels: labelled images that the last finished training did not learn from, or with
            another label.
        trained_version: the number of the version that it learned from; None before the first.
    """

    images: int
    labelled: int
    unlabelled: int
    pending: int
    unreadable: int
    removed: int
    classes: tuple[ClassHealth, ...]
    duplicates: int
    groups: int
    imbalance: float
    advice: tuple[Advice, ...]
    new_labels: int = 0
    trained_version: int | None = None


def health_of(classes: Sequence[DatasetClass], images: Iterable[DatasetImage]) -> Health:
    """Count ``images`` of a dataset that has these ``classes``."""
    states: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    suspected: Counter[str] = Counter()
    outliers: Counter[str] = Counter()
    groups: dict[str | None, set[str]] = {}
    everything: set[str] = set()
    removed = 0
    for image in images:
        if image.removed:
            removed += 1
            continue
        states[image.state] += 1
        if image.state != "ready":
            continue
        group = image.group or image.sha256
        everything.add(group)
        groups.setdefault(image.label, set()).add(group)
        if image.label is not None:
            counts[image.label] += 1
            suspected[image.label] += image.suspected is not None
            outliers[image.label] += image.outlier
    each = tuple(
        ClassHealth(
            name=known.name,
            images=counts[known.name],
            groups=len(groups.get(known.name, ())),
            suspected=suspected[known.name],
            outliers=outliers[known.name],
        )
        for known in classes
    )
    labelled, ready = counts.total(), states["ready"]
    sizes = [found.images for found in each if found.images]
    imbalance = round(max(sizes) / min(sizes), 2) if len(sizes) > 1 else 1.0
    return Health(
        images=states.total(),
        labelled=labelled,
        unlabelled=ready - labelled,
        pending=states["pending"],
        unreadable=states["unreadable"],
        removed=removed,
        classes=each,
        duplicates=ready - len(everything),
        groups=len(everything),
        imbalance=imbalance,
        advice=tuple(_advice(each, ready - labelled, imbalance)),
    )


def _advice(classes: Sequence[ClassHealth], unlabelled: int, imbalance: float) -> Iterable[Advice]:
    if len([found for found in classes if found.images]) < 2:
        yield Advice(code="one_class", params={})
    if unlabelled:
        yield Advice(code="unlabelled", params={"images": unlabelled})
    for found in sorted(classes, key=lambda found: (found.images, found.name)):
        if found.images < FEW_IMAGES:
            missing = FEW_IMAGES - found.images
            yield Advice(
                code="few_images",
                params={"class": found.name, "images": found.images, "missing": missing},
            )
        elif found.groups < FEW_GROUPS:
            yield Advice(
                code="few_groups",
                params={"class": found.name, "images": found.images, "groups": found.groups},
            )
    if imbalance >= IMBALANCED:
        present = [found for found in classes if found.images]
        smallest = min(present, key=lambda found: found.images)
        largest = max(present, key=lambda found: found.images)
        params: dict[str, str | int] = {"class": smallest.name, "images": smallest.images}
        yield Advice(
            code="imbalance", params=params | {"largest": largest.name, "most": largest.images}
        )
    if suspected := sum(found.suspected for found in classes):
        yield Advice(code="suspected", params={"images": suspected})
