"""The classes that a folder holds, and what keeps its folders from being classes."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from training.data.folders.left_out import LeftOut
from training.data.folders.walk import as_text, below, class_folders
from training.errors import DatasetError
from visionflow.labels import composed, invisible, label_key, label_problem

_NAMED = 5

ProblemKind = Literal["names_not_text", "unusable_labels", "similar_labels"]
PROBLEM_KINDS: tuple[ProblemKind, ...] = get_args(ProblemKind)


@dataclass(frozen=True)
class Problem:
    """Why nothing can be trained. ``kind``: a name that cannot be a label, two labels that look
    alike, or names that are not text."""

    kind: ProblemKind
    text: str


@dataclass(frozen=True)
class Classes:
    """The images of each label, sorted. Folders whose names differ in composition alone, which a
    reader cannot tell apart, are one class."""

    files: Mapping[str, tuple[Path, ...]]
    left_out: LeftOut
    problems: tuple[Problem, ...]

    def require_sound(self) -> None:
        """Raise `DatasetError` with all problems."""
        if self.problems:
            raise DatasetError("; ".join(problem.text for problem in self.problems))


def classes_in(folder: Path, nested: Sequence[Path] | None = None) -> Classes:
    """The classes in ``folder``, also those without images.

    ``nested``: the folders of the classes, and only of images that lie directly in them, where they
    are not those at the top. Raises `DatasetError` for a folder that is not there.
    """
    folders = class_folders(folder) if nested is None else nested
    found = below(folder)
    files: dict[str, list[Path]] = {composed(entry.name): [] for entry in folders}
    outside = []
    by_folder = {entry: composed(entry.name) for entry in folders}
    for image in found.images:
        place = image.parent if nested is not None else _top(folder, image)
        if place in by_folder:
            files[by_folder[place]].append(image)
        else:
            outside.append(image)
    left_out = LeftOut(
        tuple(file for file in found.others if file.parent != folder),
        tuple(outside),
        tuple(found.broken),
        tuple(found.loops),
        junk=found.junk,
    )
    problems = (*_not_text(folder, found.not_text), *_label_problems(folder, folders))
    kept = {label: tuple(images) for label, images in files.items()}
    return Classes(kept, left_out, problems)


def class_labels(folders: Iterable[Path]) -> list[str]:
    """What class folders are called, `composed`, each once.

    Raises `DatasetError` for a name that cannot be a label, and for two that look alike.
    """
    listed = list(folders)
    if problems := list(_label_problems(listed[0].parent if listed else Path(), listed)):
        raise DatasetError("; ".join(problem.text for problem in problems))
    return list({composed(folder.name): None for folder in listed})


def _top(folder: Path, image: Path) -> Path:
    return folder / image.relative_to(folder).parts[0]


def _not_text(folder: Path, names: Sequence[Path]) -> Iterator[Problem]:
    if names:
        shown = ", ".join(as_text(path.relative_to(folder)) for path in names[:_NAMED])
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        yield Problem(
            "names_not_text",
            f"{as_text(folder)}: {len(names):,} names are not text in UTF-8: {shown}{more}; rename "
            "them, all at once with 'convmv -r -f cp949 -t utf8 --notest FOLDER', where cp949 is "
            "the encoding that they were written in",
        )


def _label_problems(folder: Path, folders: Iterable[Path]) -> Iterator[Problem]:
    by_label: dict[str, Path] = {}
    seen: dict[str, Path] = {}
    for entry in folders:
        label = composed(entry.name)
        if label in by_label or as_text(Path(entry.name)) != entry.name:
            continue
        if problem := label_problem(label):
            yield Problem(
                "unusable_labels",
                f"{folder}: the class folder {label!r:.80} {problem}; rename it",
            )
        by_label[label] = entry
        if (twin := seen.setdefault(look_key(label), entry)) is not entry:
            difference = _difference(composed(twin.name), label)
            yield Problem(
                "similar_labels",
                f"{_shown(entry)}: differs from {_shown(twin)} by {difference} alone; move the "
                "images of both into one folder, or rename one",
            )


def look_key(label: str) -> str:
    """Equal for labels that a reader takes for the same: they differ in case, in the width or form
    of letters, in blanks, or in characters that cannot be seen."""
    text = unicodedata.normalize("NFKC", "".join(c for c in label if not invisible(c)))
    return label_key(re.sub(r"\s+", " ", text).strip())


def _difference(first: str, second: str) -> str:
    if label_key(first) == label_key(second):
        return "upper and lower case"
    without = [re.sub(r"\s", "", label) for label in (first, second)]
    if label_key(without[0]) == label_key(without[1]):
        return "blanks"
    visible = ["".join(c for c in label if not invisible(c)) for label in (first, second)]
    if label_key(visible[0]) == label_key(visible[1]):
        return "characters that cannot be seen"
    return "the width or form of letters"


def _shown(path: Path) -> str:
    """A path that a terminal shows as it is."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(path))
