"""Zip and tar files, unpacked so that nothing in them can harm: no path or link leads out, and
what comes out is bounded, whatever the archive says of itself."""

import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from lzma import LZMAError
from pathlib import Path
from typing import IO, Any

from training.data.folders.left_out import LeftOut
from training.data.sources.collect import LINEAGE_FILE
from training.data.sources.forms.documents import SUFFIXES
from training.errors import DatasetError
from visionflow.images.formats import begins_as_image
from visionflow.jobs.layout import is_image_name
from visionflow.junk import junk_on
from visionflow.objects import HEAD_BYTES

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
MOST_FILES = 2_000_000
MOST_BYTES_EACH = 2**30
LEAST_BYTES = 2**30
"""An archive may always grow to so much, and else to `MOST_GROWTH` times its size: images hardly
shrink in it."""
MOST_GROWTH = 50

_CHUNK = 2**20
_UTF8_FLAG = 0x800
_DAMAGED = (EOFError, zipfile.BadZipFile, zlib.error, tarfile.TarError, LZMAError)
_OTHER_ARCHIVES = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"(\xb5/\xfd": "Zstandard"}


@dataclass(frozen=True)
class _Member:
    """``link``: where it leads, for a link."""

    name: str
    link: str | None
    source: zipfile.ZipInfo | tarfile.TarInfo


def is_archive(file: Path) -> bool:
    """By its content. Raises `DatasetError` for archives of other kinds."""
    with file.open("rb") as content:
        head = content.read(8)
    for signature, kind in _OTHER_ARCHIVES.items():
        if head.startswith(signature):
            raise DatasetError(f"{file}: {kind} is not a form that can be read; unpack it first")
    if file.suffix.lower() == ".zip":
        return True
    return zipfile.is_zipfile(file) or tarfile.is_tarfile(file)


def unpack(archive: Path, folder: Path) -> LeftOut:
    """Write the images, by name or content, and the tables of ``archive`` below ``folder``; returns
    what else is in it.

    Raises `DatasetError` for a path or link that leads out, for more than the bounds above or than
    the disk has room for, and for an archive that is damaged or encrypted.
    """
    try:
        if zipfile.is_zipfile(archive) or not tarfile.is_tarfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return _write(archive, folder, _slashed(_zip_members(opened)), opened.open)
        with tarfile.open(archive) as packed:
            return _write(archive, folder, _slashed(_tar_members(packed)), packed.extractfile)
    except _DAMAGED as error:
        raise DatasetError(f"{archive}: cannot be unpacked ({error})") from error
    except NotImplementedError as error:
        raise DatasetError(f"{archive}: cannot be unpacked ({error}); unpack it first") from error
    except RuntimeError as error:
        raise DatasetError(f"{archive}: cannot be unpacked ({error}); unpack it first") from error
    except OSError as error:
        raise DatasetError(f"{archive}: cannot be unpacked ({error})") from error


def _write(
    archive: Path,
    folder: Path,
    members: Iterator[_Member],
    open_member: Callable[[Any], IO[bytes] | None],
) -> LeftOut:
    folder.mkdir(parents=True, exist_ok=True)
    room = max(LEAST_BYTES, MOST_GROWTH * archive.stat().st_size)
    room = min(room, shutil.disk_usage(folder).free)
    count = 0
    others: list[Path] = []
    broken: list[Path] = []
    junk = Counter[str]()
    listed = list(members)
    by_name = {posixpath.normpath(member.name): member for member in listed}
    for member in listed:
        count += 1
        if count > MOST_FILES:
            raise DatasetError(f"{archive}: has more than {MOST_FILES:,} files")
        _require_inside(archive, member.name, member.name)
        target: _Member | None = member
        if member.link is not None:
            _require_inside(archive, member.name, member.link)
            target = by_name.get(posixpath.normpath(member.link))
        if kind := junk_on(member.name):
            junk[kind] += 1
            continue
        if target is None or target.link is not None:
            broken.append(Path(member.name))
            continue
        content = open_member(target.source)
        if content is not None:
            with content:
                written = _copy(archive, content, folder / member.name, room)
            room -= written or 0
            # As of a folder: what lies beside the class folders is not worth a word.
            if written is None and ("/" in member.name or _is_named_archive(member)):
                others.append(Path(member.name))
    _require_images(archive, folder, filter(_is_named_archive, listed))
    return LeftOut(other=tuple(others), broken=tuple(broken), junk=junk)


def _require_images(archive: Path, folder: Path, inner: Iterator[_Member]) -> None:
    """Where nothing but archives was in an archive, they are what was meant."""
    names = [member.name for member in inner]
    written = (x for x in folder.rglob("*") if x.is_file())
    if names and all(x.suffix.lower() in SUFFIXES for x in written):
        more = f" (and {len(names) - 1:,} more)" if len(names) > 1 else ""
        raise DatasetError(
            f"{archive}: has no images, but the archive {names[0]!r:.200}{more}; unpack "
            f"{archive.name}, and name what is in it"
        )


def _copy(archive: Path, content: IO[bytes], target: Path, room: int) -> int | None:
    """How many bytes were written; None for what is neither image nor table."""
    head = content.read(HEAD_BYTES)
    table = target.suffix.lower() in SUFFIXES or target.name == LINEAGE_FILE
    if not (is_image_name(target.name) or table or begins_as_image(head)):
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("wb") as file:
        while head:
            written += len(head)
            if written > min(room, MOST_BYTES_EACH):
                raise DatasetError(
                    f"{archive}: unpacks to more than is safe or fits on the disk, at "
                    f"{target.name}; unpack it yourself if you trust it"
                )
            file.write(head)
            head = content.read(_CHUNK)
    return written


def _require_inside(archive: Path, name: str, path: str) -> None:
    plain = path.replace("\\", "/")
    first = plain.partition("/")[0]
    if plain.startswith("/") or first.endswith(":") or posixpath.normpath(plain).startswith(".."):
        raise DatasetError(
            f"{archive}: {name!r:.120} leads out of the archive, so nothing was unpacked from it"
        )


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        name = _zip_name(info)
        link = None
        if stat.S_ISLNK(info.external_attr >> 16):
            target = archive.read(info).decode("utf-8", "replace") if info.file_size < 4096 else "/"
            link = _joined(name, target)
        yield _Member(name, link, info)


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        name = _decoded(info.name.encode("utf-8", "surrogateescape"))
        if info.issym():
            yield _Member(name, _joined(name, info.linkname), info)
        elif info.islnk():
            yield _Member(name, info.linkname, info)
        elif info.isfile():
            yield _Member(name, None, info)
        elif not info.isdir():
            raise DatasetError(f"{archive.name!s}: {name!r:.120} is a device, not a file")


def _slashed(members: Iterator[_Member]) -> Iterator[_Member]:
    """With slashes for the backslashes that programs on Windows write, and without folders."""
    for member in members:
        name = member.name.replace("\\", "/")
        link = None if member.link is None else member.link.replace("\\", "/")
        if not name.endswith("/"):
            yield replace(member, name=name, link=link)


def _is_named_archive(member: _Member) -> bool:
    return member.name.lower().endswith(ARCHIVE_SUFFIXES)


def _joined(name: str, target: str) -> str:
    return target if target.startswith("/") else posixpath.join(posixpath.dirname(name), target)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Windows in Korean writes names in CP949 and says nothing of it."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        return _decoded(info.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        return info.filename


def _decoded(name: bytes) -> str:
    for encoding in ("utf-8", "cp949"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "surrogateescape")
