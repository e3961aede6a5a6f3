"""How the groups of a dataset lie in its parts, and what a split by file would have leaked."""

from collections.abc import Iterator, Mapping

import numpy as np

from training.data.listing import Int64Array, Listing, same_content
from training.data.split import Splits, carve
from training.results.groups import GroupSize, GroupSummary, Leak

EXAMPLES = 5


def summarize_groups(found: Mapping[str, Listing], splits: Splits) -> GroupSummary:
    """``found``: the images as the dataset's folders divide them, which ``splits`` divided."""
    numbers = splits.groups.numbers
    sizes = np.bincount(numbers)
    would_leak, would_leak_of = _split_by_file(found["train"], numbers, splits)
    return GroupSummary(
        by=splits.groups.by,
        images=len(numbers),
        groups=len(sizes),
        largest=int(sizes.max()),
        sizes=tuple(_histogram(sizes)),
        would_leak=would_leak,
        would_leak_of=would_leak_of,
        # In a split of all images alike such a class may be measured.
        single_group_labels=tuple(_single_group_labels(found, numbers)) if splits.by_class else (),
        leaks=tuple(_leaks(splits)),
    )


def warnings(summary: GroupSummary) -> Iterator[str]:
    """A sentence for each thing that makes an accuracy wrong, or that leaves it unmeasured."""
    for leak in summary.leaks:
        yield (
            f"{leak.leaking:,} of {leak.images:,} {leak.part} images show the same as training "
            f"{'' if leak.part == 'validation' else 'or validation '}images (say "
            f"{leak.examples[0]}), so accuracy on {leak.part} will be too high; move them into "
            "one part."
        )
    if labels := summary.single_group_labels:
        yield (
            f"The images of each of these classes all show one thing: {', '.join(labels)}. They "
            "are in training only, and accuracy on these classes cannot be measured. Add images "
            "of other things or scenes, or say with --group-by which images belong together."
        )


def _histogram(sizes: Int64Array) -> Iterator[GroupSize]:
    """Groups of 1, 2, 3 to 4, 5 to 8 images and so on, up to the largest."""
    low, high = 1, 1
    while low <= sizes.max():
        inside = sizes[(sizes >= low) & (sizes <= high)]
        yield GroupSize(low, high, len(inside), int(inside.sum()))
        low, high = high + 1, 2 * high


def _split_by_file(train: Listing, numbers: Int64Array, splits: Splits) -> tuple[int, int]:
    """How many of validation and test would lie apart from an image of their group, and of how
    many, if only files with the same bytes were kept together."""
    groups = numbers[: len(train)]
    files = np.empty(len(train), np.int64)
    for number, members in enumerate(same_content(train.hashes, range(len(train)))):
        files[members] = number
    carved = carve(train, files, splits.fractions, splits.seed, by_class=splits.by_class)
    rest = carved.pop("train")
    measured = np.concatenate([np.empty(0, np.int64), *carved.values()])
    return int(np.isin(groups[measured], groups[rest]).sum()), len(measured)


def _single_group_labels(found: Mapping[str, Listing], numbers: Int64Array) -> Iterator[str]:
    targets = np.concatenate([part.targets for part in found.values()])
    for target, label in enumerate(found["train"].labels):
        if len(np.unique(numbers[targets == target])) == 1:
            yield label


def _leaks(splits: Splits) -> Iterator[Leak]:
    """Of the parts that have a folder of their own."""
    earlier = np.empty(0, np.int64)
    for name, part in splits.parts.items():
        numbers = splits.group_numbers[name]
        leaking = np.flatnonzero(np.isin(numbers, earlier))
        if name != "train" and name not in splits.fractions and len(leaking):
            examples = tuple(f"{part.root.name}/{part.files[i]}" for i in leaking[:EXAMPLES])
            yield Leak(name, len(part), len(leaking), examples)
        earlier = np.concatenate([earlier, numbers])
