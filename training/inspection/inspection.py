"""`visionflow data inspect`: look at a dataset before anything is trained on it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.config import DEFAULTS, load_config
from training.inspection.advice import Finding, find
from training.inspection.contents import Contents, Duplicates, Spread, read_contents
from training.inspection.found_files import UNDIVIDED
from training.inspection.scenes import check_scenes
from training.results.groups import GroupSummary
from training.results.labels import LabelCheck
from training.results.scores import Interval
from training.texts.catalogue import text
from training.texts.terminal import columns
from visionflow import strict

_EXAMPLES = 5
_SUSPECTS = 10
_BAR = 30


@dataclass(frozen=True)
class Inspection:
    """The contents of a dataset, and advice about them. ``groups``: of images that show the same
    thing; None where training could not divide the images."""

    contents: Contents
    groups: GroupSummary | None
    labels: LabelCheck
    findings: tuple[Finding, ...]

    def to_json(self) -> str:
        # ASCII, because a file's name may be bytes that are not text.
        # The name of a file may be no text in any encoding.
        text = json.dumps(strict.to_dict(self), ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()


def inspect_folder(folder: Path, group_by: str, cache: Path | None = None) -> Inspection:
    """Read every image below ``folder``. ``cache`` keeps the features that they are grouped by.

    Raises `ConfigError` for a ``group_by`` that is not a rule, `DatasetError` where there is no
    image at all, and where ``group_by`` cannot be used.
    """
    config = load_config(str(DEFAULTS), {"data.group_by": group_by})
    # Folders are either parents or groups.
    contents, images = read_contents(folder, may_nest=group_by != "folder")
    groups, labels = check_scenes(Path(contents.folder), images, config, cache)
    return Inspection(contents, groups, labels, find(contents, groups))


def to_text(inspection: Inspection) -> str:
    """The inspection as lines for a terminal."""
    lines = [
        *_overview(inspection.contents),
        *_groups(inspection.groups),
        *_labels(inspection.labels),
        "",
        *_findings(inspection.findings),
    ]
    # A file's name may be bytes that are not text.
    return "\n".join(lines).encode("utf-8", "replace").decode()


def _overview(contents: Contents) -> Iterator[str]:
    parts = ""
    if UNDIVIDED not in contents.parts:
        parts = ": " + ", ".join(f"{part} {count:,}" for part, count in contents.parts.items())
    yield f"{contents.folder}: {contents.images:,} images{parts}"
    width = max(columns(entry.label) for entry in contents.classes)
    largest = max(entry.images for entry in contents.classes)
    for entry in contents.classes:
        bar = "#" * round(_BAR * entry.images / max(1, largest))
        unreadable = f" (unreadable: {entry.unreadable:,})" if entry.unreadable else ""
        label = entry.label + " " * (width - columns(entry.label))
        yield f"  {label} {entry.images:8,} {bar}{unreadable}"
    yield (
        f"{len(contents.classes)} classes, effective number {contents.effective_classes:.1f}; "
        f"the largest has {contents.imbalance:.1f} times the images of the smallest."
    )
    if sizes := contents.sizes:
        yield f"Width {_range(sizes.width)} px, height {_range(sizes.height)} px."
    yield from _duplicates("Exact duplicates", "groups", contents.exact_duplicates)
    yield from _duplicates("Near duplicates", "pairs", contents.near_duplicates)


def _duplicates(name: str, unit: str, found: tuple[Duplicates, ...]) -> Iterator[str]:
    leaking = sum(group.leakage for group in found)
    conflicts = sum(group.label_conflict for group in found)
    details = f", across parts: {leaking:,}, across classes: {conflicts:,}" if found else ""
    yield f"{name}, {unit}: {len(found):,}{details}."


def _groups(groups: GroupSummary | None) -> Iterator[str]:
    if groups is None:
        return
    yield (
        f"Groups of images that show the same thing ({groups.by}): {groups.groups:,}, the largest "
        f"with {groups.largest:,} images."
    )
    if groups.would_leak_of:
        yield (
            f"Split by file, {groups.would_leak:,} of {groups.would_leak_of:,} validation and test "
            "images would have an image of their group in training."
        )
    if groups.single_group_labels:
        yield f"Classes with one group only: {', '.join(groups.single_group_labels)}."


def _labels(labels: LabelCheck) -> Iterator[str]:
    if labels.scores is None:
        yield f"Labels were not checked: {labels.skipped}."
        return
    scores = labels.scores
    yield (
        f"Cross-validated accuracy of a linear model, {scores.folds} folds, {scores.images:,} "
        f"images: {_share(scores.grouped_top1, scores.grouped_interval)} with groups kept "
        f"together, {_share(scores.random_top1, scores.random_interval)} split by file."
    )
    yield f"Suspicious labels: {labels.suspect_count:,}{':' if labels.suspects else '.'}"
    for suspect in labels.suspects[:_SUSPECTS]:
        yield (
            f"  {suspect.file}: {suspect.label} ({suspect.confidence:.1%}), suggested: "
            f"{suspect.suggested} ({suspect.suggested_confidence:.1%})"
        )
    if (more := labels.suspect_count - _SUSPECTS) > 0:
        yield f"  and {more:,} more"


def _share(value: float, interval: Interval) -> str:
    return f"{value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    if not findings:
        yield text("inspection.nothing_found").en
    for finding in findings:
        yield f"{finding.severity.upper()} {finding.code} ({finding.count:,})"
        yield f"  {finding.english}"
        shown = finding.examples[:_EXAMPLES]
        yield from (f"    {example}" for example in shown)
        if more := finding.count - len(shown):
            yield f"    and {more:,} more"


def _range(spread: Spread) -> str:
    return f"{spread.smallest:,} to {spread.largest:,}, median {spread.median:,.0f}"
