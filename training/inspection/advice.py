"""What the contents of a dataset mean for a training, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from training.data.folders.classes import PROBLEM_KINDS
from training.inspection.contents import Contents, Duplicates
from training.inspection.found_files import UNDIVIDED
from training.inspection.image_facts import ELONGATED, SMALL_SIDE
from training.results.groups import GroupSummary
from training.texts.catalogue import text

Severity = Literal["problem", "warning", "note"]

IMBALANCED = 5.0
FEW_IMAGES = 20
EXAMPLES = 10

# The most severe first. A problem stops the training or makes its figures wrong, a warning makes it
# worse, a note is good to know.
_SEVERITIES: dict[Severity, tuple[str, ...]] = {
    "problem": (
        *("unclear_parts", "names_not_text", "unusable_labels", "similar_labels"),
        *("one_class", "empty_classes", "too_few_images", "unknown_classes"),
        *("unreadable", "exact_duplicates_across_parts", "exact_duplicates_across_classes"),
        *("near_duplicates_across_parts", "group_leaks", "single_group_classes"),
    ),
    "warning": (
        *("outside_classes", "few_images", "imbalance", "greyscale_classes", "one_colour", "small"),
        *("missing_in_validation", "missing_in_test", "other_files", "broken_links", "link_loops"),
        "near_duplicates_across_classes",
    ),
    "note": (
        *("exact_duplicates", "near_duplicates", "elongated", "animated", "alpha", "cmyk"),
        *("rotated", "greyscale", "junk"),
    ),
}
_SEVERITY_OF = {code: severity for severity, codes in _SEVERITIES.items() for code in codes}

_Case = tuple[str, Sequence[str]]
"""Something that may be found: its code and where; nowhere, if it was not."""


@dataclass(frozen=True)
class Finding:
    """``code`` names its text in texts/advice.toml. ``examples``: the first of ``count`` files,
    classes or groups of files."""

    severity: Severity
    code: str
    count: int
    english: str
    korean: str
    examples: tuple[str, ...]


def find(contents: Contents, groups: GroupSummary | None) -> tuple[Finding, ...]:
    """All findings, the most severe first; none where all is well."""
    numbers = {
        "needed": _needed(contents),
        "few": FEW_IMAGES,
        "ratio": contents.imbalance,
        "small": SMALL_SIDE,
        "elongated": ELONGATED,
    }
    order, found = list(_SEVERITIES), []
    for code, names in (*_cases(contents), *_group_cases(groups)):
        if names:
            advice = text(f"advice.{code}", **numbers)
            examples = tuple(names[:EXAMPLES])
            # A summary names the first leaking images only.
            count = len(names) if code != "group_leaks" else _leaking(groups)
            found.append(Finding(_SEVERITY_OF[code], code, count, advice.en, advice.ko, examples))
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _cases(contents: Contents) -> Iterator[_Case]:
    yield "unclear_parts", [contents.complaint] if contents.complaint else []
    for kind in PROBLEM_KINDS:
        yield kind, [problem.text for problem in contents.problems if problem.kind == kind]
    yield "unreadable", [f"{bad.file} ({bad.code})" for bad in contents.unreadable]
    yield from _class_cases(contents)
    yield from _part_cases(contents)
    yield from _duplicate_cases("exact_duplicates", contents.exact_duplicates)
    yield from _duplicate_cases("near_duplicates", contents.near_duplicates)
    yield "outside_classes", contents.outside_classes
    yield "other_files", contents.other_files
    yield "broken_links", contents.broken_links
    yield "link_loops", contents.link_loops
    yield "junk", [f"{kind.strip()}: {count:,}" for kind, count in contents.junk.items()]
    yield from contents.oddities.items()


def _class_cases(contents: Contents) -> Iterator[_Case]:
    classes = contents.classes
    yield "one_class", [x.label for x in classes] if len(classes) == 1 else []
    empty = [(x.label, part) for x in classes for part, n in x.parts.items() if not n]
    yield "empty_classes", [_folder(label, part) for label, part in empty]
    needed, source = _needed(contents), _source(contents)
    counts = {x.label: x.parts[source] for x in classes if x.parts.get(source)}
    tiny = {label: count for label, count in counts.items() if count < needed}
    few = {label: count for label, count in counts.items() if needed <= count < FEW_IMAGES}
    yield "too_few_images", _counted(tiny)
    yield "few_images", _counted(few)
    if contents.imbalance > IMBALANCED:
        filled = sorted((x for x in classes if x.images), key=lambda x: x.images)
        yield "imbalance", _counted({x.label: x.images for x in (filled[-1], filled[0])})
    grey = [x.label for x in classes if x.greyscale > x.images / 2]
    yield "greyscale_classes", grey if len(grey) < len(classes) / 2 else []


def _part_cases(contents: Contents) -> Iterator[_Case]:
    if "train" not in contents.parts:
        return
    classes = contents.classes
    yield "unknown_classes", [x.label for x in classes if "train" not in x.parts]
    for part in contents.parts:
        missing = [x.label for x in classes if x.parts.get("train") and part not in x.parts]
        yield f"missing_in_{part}", missing


def _duplicate_cases(code: str, groups: Sequence[Duplicates]) -> Iterator[_Case]:
    """Each group once, under the worst that it does."""
    leaking = [group for group in groups if group.leakage]
    mislabelled = [group for group in groups if group.label_conflict and not group.leakage]
    repeated = [group for group in groups if not group.label_conflict and not group.leakage]
    yield f"{code}_across_parts", _joined(leaking)
    yield f"{code}_across_classes", _joined(mislabelled)
    yield code, _joined(repeated)


def _group_cases(groups: GroupSummary | None) -> Iterator[_Case]:
    if groups is not None:
        yield "group_leaks", [name for leak in groups.leaks for name in leak.examples]
        yield "single_group_classes", groups.single_group_labels


def _leaking(groups: GroupSummary | None) -> int:
    return sum(leak.leaking for leak in groups.leaks) if groups else 0


def _source(contents: Contents) -> str:
    """The part whose images are learned from, and divided where others are missing."""
    return UNDIVIDED if UNDIVIDED in contents.parts else "train"


def _needed(contents: Contents) -> int:
    """Images that a class needs so that each part carved out of the source gets one."""
    return 1 + len({"validation", "test"} - set(contents.parts))


def _folder(label: str, part: str) -> str:
    return label if part == UNDIVIDED else f"{part}/{label}"


def _counted(counts: dict[str, int]) -> list[str]:
    return [f"{label} ({count:,})" for label, count in counts.items()]


def _joined(groups: Sequence[Duplicates]) -> list[str]:
    return [" = ".join(group.files[:EXAMPLES]) for group in groups]
