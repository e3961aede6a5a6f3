"""How many of a dataset's images are independent, as data of `report.json`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupSize:
    """The groups with ``low`` to ``high`` images each, and the images in them."""

    low: int
    high: int
    groups: int
    images: int


@dataclass(frozen=True)
class Leak:
    """A part with a folder of its own. ``leaking``: how many of its ``images`` share a group with
    an earlier part; ``examples``: at most five of them."""

    part: str
    images: int
    leaking: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class GroupSummary:
    """Groups of images that show the same thing; a group never lies in two parts that were carved.

    ``by``: ``data.group_by``. ``would_leak``: the images of validation and test that a split by
    file, with the same shares and seed, would have put apart from images of their group in the
    training part; ``would_leak_of``: all images of validation and test in that split.
    ``single_group_labels``: all their images are one group, so their accuracy cannot be measured.
    """

    by: str
    images: int
    groups: int
    largest: int
    sizes: tuple[GroupSize, ...]
    would_leak: int
    would_leak_of: int
    single_group_labels: tuple[str, ...]
    leaks: tuple[Leak, ...]
