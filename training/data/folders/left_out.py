"""What lies in a dataset's folder and is not used, said once and alike by every command."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.data.folders.walk import as_text

_NAMED = 5


@dataclass(frozen=True)
class LeftOut:
    """``other``: files in class folders that are not images. ``outside``: images in no class
    folder. ``unreadable``: images that cannot be decoded. ``broken`` and ``loops``: links to
    nothing, and to a folder that they lie in. ``junk``: how many files and folders of each kind
    that systems leave."""

    other: tuple[Path, ...] = ()
    outside: tuple[Path, ...] = ()
    broken: tuple[Path, ...] = ()
    loops: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()
    junk: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, more: "LeftOut") -> "LeftOut":
        return LeftOut(
            self.other + more.other,
            self.outside + more.outside,
            self.broken + more.broken,
            self.loops + more.loops,
            self.unreadable + more.unreadable,
            Counter(self.junk) + Counter(more.junk),
        )

    def sentences(self, folder: Path) -> Iterator[str]:
        """Of each kind that there is; names are relative to ``folder``."""
        for files, what in (
            (self.other, "files in class folders are not images and were left out"),
            (self.outside, "images lie in no class folder and were left out"),
            (self.broken, "links lead nowhere and were left out"),
            (self.loops, "links lead back to a folder that they lie in and were not followed"),
        ):
            if files:
                yield f"{len(files):,} {what}: {_named(folder, files)}."
        if self.unreadable:
            names = ", ".join(relative(folder, self.unreadable))
            yield f"{len(self.unreadable):,} images cannot be read and were left out: {names}."
        if self.junk:
            counts = ", ".join(f"{kind.strip()} ({n:,})" for kind, n in sorted(self.junk.items()))
            yield f"Passed over, since systems leave these in folders: {counts}."


def relative(folder: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """The names of ``files`` below ``folder``, with slashes, sorted; whole paths of others."""
    return tuple(
        sorted(
            as_text(file.relative_to(folder) if file.is_relative_to(folder) else file)
            for file in files
        )
    )


def _named(folder: Path, files: Sequence[Path]) -> str:
    names = relative(folder, files)
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
