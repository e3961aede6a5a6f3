"""An inspection as one page that needs nothing beside it, in English and Korean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training.inspection.contact_sheet import draw_strip, jpeg
from training.inspection.contents import Contents
from training.inspection.found_files import UNDIVIDED
from training.inspection.inspection import Inspection
from training.report.page import MOST_SUSPECTS, environment
from training.results.data_url import file_url
from training.results.groups import GroupSummary, size_range

MOST_GROUPS = 48
MOST_FILES = 100
_FILES_PER_GROUP = 4
_COLOURS = {UNDIVIDED: "#2563eb", "train": "#2563eb", "validation": "#f59e0b", "test": "#15803d"}


@dataclass(frozen=True)
class _Segment:
    """Part of a bar, in percent of the widest."""

    part: str
    left: float
    width: float
    colour: str


@dataclass(frozen=True)
class _Bar:
    label: str
    images: int
    segments: tuple[_Segment, ...]


def page(inspection: Inspection) -> str:
    """The HTML. No script, nothing loaded from outside, every name escaped.

    The images are read again from the inspected folder; one that is gone is shown as a grey
    square.
    """
    contents = inspection.contents
    root = Path(contents.folder)
    template = environment(Path(__file__).parent).get_template("inspection_page.html.j2")
    html = template.render(
        contents=contents,
        findings=inspection.findings,
        groups=inspection.groups,
        group_sizes=tuple(_group_bars(inspection.groups)),
        name=root.resolve().name,
        colours={part: _COLOURS[part] for part in contents.parts},
        undivided=UNDIVIDED in contents.parts,
        classes=tuple(_class_bars(contents)),
        sides=tuple(_side_bars(contents)),
        strip=partial(_strip, root),
        labels=inspection.labels,
        suspects=[_strip(root, [one.file]) for one in inspection.labels.suspects[:MOST_SUSPECTS]],
        most_suspects=MOST_SUSPECTS,
        most_groups=MOST_GROUPS,
        files_per_group=_FILES_PER_GROUP,
        most_files=MOST_FILES,
    )
    # A file's name may be bytes that are not text.
    return html.encode("utf-8", "replace").decode()


def _class_bars(contents: Contents) -> Iterator[_Bar]:
    most = max(1, *(entry.images for entry in contents.classes))
    for entry in contents.classes:
        segments, left = [], 0.0
        for part, images in entry.parts.items():
            width = 100 * images / most
            segments.append(_Segment(part, left, width, _COLOURS[part]))
            left += width
        yield _Bar(entry.label, entry.images, tuple(segments))


def _side_bars(contents: Contents) -> Iterator[_Bar]:
    bars = contents.sizes.short_side if contents.sizes else ()
    most = max((bar.images for bar in bars), default=1)
    for bar in bars:
        label = f"{bar.low:,} +" if bar.high is None else f"{bar.low:,}-{bar.high - 1:,}"
        segment = _Segment("", 0, 100 * bar.images / most, _COLOURS[UNDIVIDED])
        yield _Bar(f"{label} px", bar.images, (segment,))


def _group_bars(groups: GroupSummary | None) -> Iterator[_Bar]:
    sizes = groups.sizes if groups else ()
    most = max((size.images for size in sizes), default=1)
    for size in sizes:
        segment = _Segment("", 0, 100 * size.images / most, _COLOURS[UNDIVIDED])
        yield _Bar(size_range(size), size.images, (segment,))


def _strip(root: Path, names: Sequence[str]) -> str:
    """The images in a row, as data URL."""
    return file_url(jpeg(draw_strip([root / name for name in names])), "JPEG")
