"""The file that a document means by what it writes of an image."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from training.errors import DatasetError
from visionflow.labels import composed

# What Label Studio puts in front of the name of a file that was sent to it.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")


class Files:
    """The files below the folder of a document, found by path or by the end of a path."""

    def __init__(self, document: Path) -> None:
        self._root = document.parent
        self._by_path: dict[str, Path] = {}
        self._by_name: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}

    def exactly(self, reference: str, where: str) -> Path | None:
        """The file of a path relative to the document, in whatever composition (NFC or NFD) the
        disk has it; None where there is none. Raises `DatasetError` for one that lies outside."""
        # Programs on Windows write paths with backslashes, which are letters here.
        if "\\" in reference and not (self._root / reference).is_file():
            reference = reference.replace("\\", "/")
        file = self._root / reference
        if not file.resolve().is_relative_to(self._root.resolve()):
            raise DatasetError(
                f"{where}: the file {reference!r:.80} lies outside of the table's folder; put it "
                f"below {self._root}"
            )
        if file.is_file():
            return file
        self._index()
        return self._by_path.get(composed(PurePosixPath(reference).as_posix()))

    def meant(self, reference: str, where: str) -> Path | None:
        """The file that an address of another place means: the one whose path ends alike, or
        else the only one of its name. Raises `DatasetError` where there are several."""
        self._index()
        for name in _names(reference):
            parts = PurePosixPath(composed(name)).parts
            for start in range(len(parts)):
                if found := self._by_path.get("/".join(parts[start:])):
                    return found
            for index, key in ((self._by_name, parts[-1:]), (self._by_stem, parts[-1:])):
                found_all = index.get(key[0], []) if key else []
                if len(found_all) == 1:
                    return found_all[0]
                if found_all:
                    raise DatasetError(
                        f"{where}: {reference!r:.120} may be any of "
                        f"{', '.join(str(file) for file in found_all[:3])}; keep the folders of "
                        "the export"
                    )
        return None

    def _index(self) -> None:
        if self._by_path:
            return
        for file in sorted(self._root.rglob("*")):
            if file.is_file():
                name = composed(file.relative_to(self._root).as_posix())
                self._by_path[name] = file
                self._by_name.setdefault(PurePosixPath(name).name, []).append(file)
                self._by_stem.setdefault(PurePosixPath(name).stem, []).append(file)


def _names(reference: str) -> Iterator[str]:
    """What the file may be called, the likeliest first."""
    reference = reference.replace("\\", "/")
    split = urlsplit(reference)
    path = "/".join(filter(None, (split.netloc, split.path))) if split.scheme else split.path
    local = parse_qs(split.query).get("d", [])
    for name in (*local, reference, path, unquote(path)):
        if cleaned := name.strip("/"):
            yield cleaned
            last = PurePosixPath(unquote(cleaned)).name
            if _UPLOADED.match(last):
                yield _UPLOADED.sub("", last)
    # The identity that a service gave it.
    if split.fragment:
        yield split.fragment
