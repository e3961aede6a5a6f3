"""Counts of some images' answers by two versions. Parts add up, in any order and any grouping.

Memory is bounded whatever is compared: labels by what a model may have, pairs of answers by
`MOST_PAIRS`, folders by `MOST_KEPT_FOLDERS` and images by `MOST_CANDIDATES`.
"""

import gzip
import heapq
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from visionflow.backfills.comparison.candidates import Candidate, kept
from visionflow.backfills.comparison.groups import groups_of, place_of
from visionflow.backfills.comparison.measure import Answer
from visionflow.backfills.comparison.view import MOST_EXAMPLES, By

BINS: Final = 20
"""Of the histogram of confidence shifts, from -1 to 1."""
MOST_CANDIDATES: Final = 1_000
MOST_PAIRS: Final = 100_000
"""Pairs of different answers. Beyond, the rarest are dropped, so that counts of rare ones may be
too low; the images that differ are counted all the same."""
MOST_KEPT_FOLDERS: Final = 2_000
"""Beyond, those of the smallest hashes: each folder has the same chance, and what is kept is exact,
because a folder that is kept at the end was never dropped."""

_LEAST_OF_CHUNK = 5
# Of all chunks, about; to be read and added.
_MOST_HANDED_ON = 200_000

Pair = tuple[str | None, str | None]


@dataclass(frozen=True)
class Compared:
    """An image that was tried. ``candidate``: where its answers differ."""

    folder: str
    pixels: int
    old: Answer | None
    new: Answer | None
    candidate: Candidate | None = None


@dataclass
class Part:
    """``failed`` and ``unknown``: for both, for the new version alone, for the old one alone.
    ``sums``: confidences of the new and of the old version. ``pairs``: images by what the old and
    the new version say, where that differs. ``labels``: images of the new version, of the old one,
    of both, and the sum of shifts of these. ``groups``: images, those answered alike, and the sum
    of shifts."""

    images: int = 0
    alike: int = 0
    failed: list[int] = field(default_factory=lambda: [0, 0, 0])
    unknown: list[int] = field(default_factory=lambda: [0, 0, 0])
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    pairs: dict[Pair, int] = field(default_factory=dict)
    labels: dict[str, list[float]] = field(default_factory=dict)
    groups: dict[tuple[By, str], list[float]] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)

    @classmethod
    def of(cls, images: Iterable[Compared], candidates: int = MOST_CANDIDATES) -> Self:
        """What a chunk hands on, with so many ``candidates`` at most."""
        part = cls()
        for image in images:
            part._add(image)
        part.candidates = kept(part.candidates, candidates)
        return part

    def _add(self, image: Compared) -> None:
        old, new = image.old, image.new
        if old is None or new is None:
            _tally(self.failed, new is None, old is None)
            return
        shift = new.confidence - old.confidence
        alike = new.label == old.label
        self.images += 1
        self.alike += alike
        _tally(self.unknown, new.label is None, old.label is None)
        self.sums[0] += new.confidence
        self.sums[1] += old.confidence
        self.bins[bin_of(shift)] += 1
        if not alike:
            pair = old.label, new.label
            self.pairs[pair] = self.pairs.get(pair, 0) + 1
        if new.label is not None:
            _sum(self.labels, new.label, (1, 0, alike, shift if alike else 0.0))
        if old.label is not None:
            _sum(self.labels, old.label, (0, 1, 0, 0.0))
        for group in groups_of(image.folder, image.pixels, old.confidence):
            _sum(self.groups, group, (1, alike, shift))
        if image.candidate is not None:
            self.candidates.append(image.candidate)

    def merge(self, other: "Part") -> None:
        """Add ``other``."""
        self.images += other.images
        self.alike += other.alike
        for mine, theirs in (
            (self.failed, other.failed),
            (self.unknown, other.unknown),
            (self.bins, other.bins),
        ):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        for pair, images in other.pairs.items():
            self.pairs[pair] = self.pairs.get(pair, 0) + images
        for label, counts in other.labels.items():
            _sum(self.labels, label, counts)
        for group, counts in other.groups.items():
            _sum(self.groups, group, counts)
        self.candidates += other.candidates
        # Now and then, because each time sorts all.
        if len(self.candidates) > 2 * MOST_CANDIDATES or len(self.pairs) > 2 * MOST_PAIRS:
            self._trim()
        if len(self.groups) > 2 * MOST_KEPT_FOLDERS:
            self._trim()

    def _trim(self) -> None:
        self.candidates = kept(self.candidates, MOST_CANDIDATES)
        if len(self.pairs) > MOST_PAIRS:
            self.pairs = dict(
                heapq.nlargest(MOST_PAIRS, self.pairs.items(), key=lambda one: one[1])
            )
        folders = [group for group in self.groups if group[0] == "folder"]
        if len(folders) > MOST_KEPT_FOLDERS:
            folders.sort(key=lambda group: place_of(group[1]))
            for group in folders[MOST_KEPT_FOLDERS:]:
                del self.groups[group]

    def to_bytes(self) -> bytes:
        self._trim()
        data = {
            "images": self.images,
            "alike": self.alike,
            "failed": self.failed,
            "unknown": self.unknown,
            "sums": self.sums,
            "bins": self.bins,
            "pairs": [[*pair, images] for pair, images in self.pairs.items()],
            "labels": [[label, *counts] for label, counts in self.labels.items()],
            "groups": [[*group, *counts] for group, counts in self.groups.items()],
            "candidates": [one.to_json() for one in self.candidates],
        }
        return gzip.compress(json.dumps(data, ensure_ascii=False).encode(), 3, mtime=0)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """What `to_bytes` wrote."""
        found: dict[str, Any] = json.loads(gzip.decompress(data))
        return cls(
            **{
                **found,
                "pairs": {(old, new): images for old, new, images in found["pairs"]},
                "labels": {label: counts for label, *counts in found["labels"]},
                "groups": {(by, value): counts for by, value, *counts in found["groups"]},
                "candidates": [Candidate.from_json(one) for one in found["candidates"]],
            }
        )


def candidates_of(chunks: int) -> int:
    """How many a chunk hands on: as many as are shown, because all that differ may lie in one
    folder and so in one chunk; fewer where chunks are very many."""
    return min(MOST_EXAMPLES, max(_LEAST_OF_CHUNK, _MOST_HANDED_ON // max(1, chunks)))


def bin_of(shift: float) -> int:
    """Of -1..1; a shift at an edge is in the upper bin."""
    return min(BINS - 1, max(0, int((shift + 1) / 2 * BINS)))


def _tally(counts: list[int], new: bool, old: bool) -> None:
    if new or old:
        counts[0 if new and old else 1 if new else 2] += 1


def _sum(sums: dict[Any, list[float]], key: Any, more: Iterable[float]) -> None:
    before = sums.get(key)
    sums[key] = list(more) if before is None else [a + b for a, b in zip(before, more, strict=True)]
