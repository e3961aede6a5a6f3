"""The contents of a dataset: counts, sizes, broken or odd files, duplicates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from training.data.folders.classes import Problem
from training.data.folders.left_out import relative
from training.data.grouping.duplicates import near_pairs
from training.data.listing import Int64Array, same_content
from training.data.threads import in_threads
from training.inspection.contact_sheet import choose
from training.inspection.found_files import FoundFile, FoundFiles, find_files
from training.inspection.image_facts import BadFile, ImageFacts, read_facts

Read = tuple[FoundFile, ImageFacts]

SHEET_SEED = 1

_SHORT_SIDES = (0, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)


@dataclass(frozen=True)
class ClassContents:
    """``images`` can be read, ``greyscale`` of them have no colour. ``parts``: how many of them
    lie in each part that has a folder for this class, also an empty one. ``examples``: some files,
    drawn by chance, for the contact sheet."""

    label: str
    images: int
    greyscale: int
    unreadable: int
    parts: dict[str, int]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Spread:
    smallest: int
    median: float
    largest: int


@dataclass(frozen=True)
class Bar:
    """Images whose value is at least ``low`` and, unless that is None, below ``high``."""

    low: int
    high: int | None
    images: int


@dataclass(frozen=True)
class Sizes:
    """Of the upright images in pixels, of their files in bytes."""

    width: Spread
    height: Spread
    bytes: Spread
    short_side: tuple[Bar, ...]


@dataclass(frozen=True)
class Duplicates:
    """Files that hold the same image.

    ``difference``: 0 for the same bytes, else that of the thumbnails, at most 0.25.
    ``label_conflict``: they lie in different classes; ``leakage``: in different parts.
    """

    files: tuple[str, ...]
    difference: float
    label_conflict: bool
    leakage: bool


@dataclass(frozen=True)
class Contents:
    """``imbalance``: images of the largest class over those of the smallest that has any.
    ``effective_classes``: exp of the entropy of the counts, which is the number of classes where
    all are equally large. ``oddities``: files of each kind, see `image_facts.Oddity`. File names
    are relative to ``folder``. ``junk``: how many files and folders of each kind that systems
    leave. ``problems``: names that training refuses."""

    folder: str
    images: int
    parts: dict[str, int]
    classes: tuple[ClassContents, ...]
    imbalance: float
    effective_classes: float
    unreadable: tuple[BadFile, ...]
    oddities: dict[str, tuple[str, ...]]
    sizes: Sizes | None
    exact_duplicates: tuple[Duplicates, ...]
    near_duplicates: tuple[Duplicates, ...]
    outside_classes: tuple[str, ...]
    other_files: tuple[str, ...]
    broken_links: tuple[str, ...]
    link_loops: tuple[str, ...]
    junk: dict[str, int]
    complaint: str | None
    problems: tuple[Problem, ...]


def read_contents(folder: Path, *, may_nest: bool = True) -> tuple[Contents, list[Read]]:
    """Read every image below ``folder`` once and describe what is there; with the images that can
    be read. ``may_nest``: as for `find_files`.

    Raises `DatasetError` where there is none.
    """
    found = find_files(folder, may_nest=may_nest)
    folder = found.root
    names = [file.name for file in found.files]
    results = list(in_threads(partial(read_facts, folder), names, f"read {folder.name}"))
    read = list(zip(found.files, results, strict=True))
    good = [(file, facts) for file, facts in read if isinstance(facts, ImageFacts)]
    bad = [(file, facts) for file, facts in read if isinstance(facts, BadFile)]
    return _describe(folder, found, good, bad), good


def _describe(
    folder: Path, found: FoundFiles, good: list[Read], bad: list[tuple[FoundFile, BadFile]]
) -> Contents:
    classes = _classes(found, good, [file for file, _ in bad])
    counts = np.array([entry.images for entry in classes if entry.images])
    parts = Counter(file.part for file, _ in good)
    return Contents(
        folder=str(folder),
        images=len(good),
        parts={part: parts[part] for part in found.folders},
        classes=classes,
        imbalance=float(counts.max() / counts.min()) if len(counts) else 1.0,
        effective_classes=_effective_number(counts),
        unreadable=tuple(facts for _, facts in bad),
        oddities=_oddities(good),
        sizes=_sizes([facts for _, facts in good]) if good else None,
        exact_duplicates=_exact_duplicates(good),
        near_duplicates=_near_duplicates(good),
        outside_classes=relative(folder, found.left_out.outside),
        other_files=relative(folder, found.left_out.other),
        broken_links=relative(folder, found.left_out.broken),
        link_loops=relative(folder, found.left_out.loops),
        junk=dict(sorted(found.left_out.junk.items())),
        complaint=found.complaint,
        problems=found.problems,
    )


def _classes(
    found: FoundFiles, good: Sequence[Read], bad: Sequence[FoundFile]
) -> tuple[ClassContents, ...]:
    readable = Counter((file.label, file.part) for file, _ in good)
    greyscale = Counter(file.label for file, facts in good if "greyscale" in facts.oddities)
    unreadable = Counter(file.label for file in bad)
    labels = sorted({label for folders in found.folders.values() for label in folders})
    names: dict[str, list[str]] = {label: [] for label in labels}
    for file, _ in good:
        names[file.label].append(file.name)
    examples = choose(names, SHEET_SEED)
    return tuple(
        ClassContents(
            label,
            images=len(names[label]),
            greyscale=greyscale[label],
            unreadable=unreadable[label],
            parts={
                part: readable[label, part]
                for part, folders in found.folders.items()
                if label in folders
            },
            examples=tuple(examples[label]),
        )
        for label in labels
    )


def _effective_number(counts: Int64Array) -> float:
    shares = counts / counts.sum() if len(counts) else counts
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _oddities(good: Sequence[Read]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for file, facts in good:
        for oddity in facts.oddities:
            found.setdefault(oddity, []).append(file.name)
    return {oddity: tuple(files) for oddity, files in sorted(found.items())}


def _sizes(good: Sequence[ImageFacts]) -> Sizes:
    width = np.array([facts.width for facts in good])
    height = np.array([facts.height for facts in good])
    size = np.array([facts.bytes for facts in good])
    short = np.minimum(width, height)
    counts = np.bincount(np.searchsorted(_SHORT_SIDES, short, side="right") - 1).tolist()
    borders = zip(_SHORT_SIDES, (*_SHORT_SIDES[1:], None), strict=True)
    bars = [Bar(low, high, count) for (low, high), count in zip(borders, counts, strict=False)]
    first = next(i for i, bar in enumerate(bars) if bar.images)
    return Sizes(_spread(width), _spread(height), _spread(size), tuple(bars[first:]))


def _spread(values: Int64Array) -> Spread:
    return Spread(int(values.min()), float(np.median(values)), int(values.max()))


def _exact_duplicates(good: Sequence[Read]) -> tuple[Duplicates, ...]:
    groups = same_content([facts.sha256 for _, facts in good], range(len(good)))
    found = [[good[i][0] for i in group] for group in groups if len(group) > 1]
    return _by_weight([_duplicates(files, 0.0) for files in found])


def _near_duplicates(good: Sequence[Read]) -> tuple[Duplicates, ...]:
    """Among different contents; images of one colour are left out, since they match everything."""
    unique = {facts.sha256: (file, facts) for file, facts in reversed(good)}
    shown = [(f, x) for f, x in reversed(unique.values()) if "one_colour" not in x.oddities]
    if len(shown) < 2:
        return ()
    codes = np.array([facts.code for _, facts in shown], np.uint64)
    near = near_pairs(codes, np.stack([facts.thumbnail for _, facts in shown]))
    pairs = zip(near.pairs.tolist(), near.differences.tolist(), strict=True)
    found = [
        _duplicates([shown[i][0] for i in pair], round(difference, 4)) for pair, difference in pairs
    ]
    return _by_weight(found)


def _duplicates(files: Sequence[FoundFile], difference: float) -> Duplicates:
    return Duplicates(
        tuple(file.name for file in files),
        difference,
        label_conflict=len({file.label for file in files}) > 1,
        leakage=len({file.part for file in files}) > 1,
    )


def _by_weight(found: list[Duplicates]) -> tuple[Duplicates, ...]:
    """Leakage first, then label conflicts, then the closest."""
    return tuple(
        sorted(found, key=lambda x: (not x.leakage, not x.label_conflict, x.difference, x.files))
    )
