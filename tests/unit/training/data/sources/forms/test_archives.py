"""Archives are unpacked whole, with names in Korean, or refused before they can harm."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.unit.training.data.folders.odd_folders import image
from training.data.sources.forms import archives
from training.data.sources.forms.archives import unpack
from training.data.sources.forms.registry import read_source
from training.errors import DatasetError

NAMES = ("꽃/train/장미/1.png", "꽃/train/튤립/2.png", "꽃/test/장미/3.jfif", "꽃/test/튤립/4")
JUNK = ("__MACOSX/꽃/._1.png", "꽃/train/장미/Thumbs.db", "꽃/readme.md")


def zipped(file: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def zipped_on_korean_windows(file: Path, files: dict[str, bytes]) -> None:
    """Names in CP949 with backslashes, and nothing that says so."""
    raw = [name.replace("/", "\\").encode("cp949") for name in files]
    places = [f"{number:02}".encode().ljust(len(name), b"-") for number, name in enumerate(raw)]
    zipped(file, {place.decode(): x for place, x in zip(places, files.values(), strict=True)})
    data = file.read_bytes()
    for place, name in zip(places, raw, strict=True):
        data = data.replace(place, name)
    file.write_bytes(data)


def tarred(mode: Literal["", "gz", "bz2", "xz"]) -> Callable[[Path, dict[str, bytes]], None]:
    def write(file: Path, files: dict[str, bytes]) -> None:
        with tarfile.open(file, f"w:{mode}") as archive:  # type: ignore[call-overload]
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))

    return write


FORMS = {
    "a.zip": zipped,
    "windows.zip": zipped_on_korean_windows,
    "called-otherwise.dat": zipped,
    "a.tar": tarred(""),
    "a.tar.gz": tarred("gz"),
    "a.tgz": tarred("gz"),
    "a.tar.bz2": tarred("bz2"),
    "a.tar.xz": tarred("xz"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_set_in_a_folder_in_an_archive_is_found(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / name, {**{x: image() for x in NAMES}, **dict.fromkeys(JUNK, b"other")})
    found = read_source(tmp_path / name, tmp_path / "work")
    assert sorted((x.part, x.label, x.file.name) for x in found.images) == [
        ("test", "장미", "3.jfif"),
        ("test", "튤립", "4"),
        ("train", "장미", "1.png"),
        ("train", "튤립", "2.png"),
    ]
    assert not list((tmp_path / "work").rglob("*.db"))
    assert found.notes == (
        "1 files in class folders are not images and were left out: 꽃/readme.md.",
        "Passed over, since systems leave these in folders: Thumbs.db (1), __MACOSX (1).",
    )


@pytest.mark.parametrize("pack", [zipped, tarred("")], ids=["zip", "tar"])
def test_backslashes_divide_folders(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], None]
) -> None:
    members = {f"set\\{label}\\1.png": image() for label in ("고양이", "dog")}
    pack(tmp_path / "a", {"set\\": b"", **members})
    found = read_source(tmp_path / "a", tmp_path / "work")
    assert {x.label: x.file.name for x in found.images} == {"고양이": "1.png", "dog": "1.png"}
    assert found.notes == ()


def test_an_archive_within_an_archive_is_named(tmp_path: Path) -> None:
    zipped(tmp_path / "in.zip", {"cat/1.png": image(), "dog/1.png": image()})
    inner = (tmp_path / "in.zip").read_bytes()
    zipped(tmp_path / "alone.zip", {"in/꽃.zip": inner, "b.tar.gz": b"", "labels.csv": b""})
    with pytest.raises(DatasetError, match=r"no images, but the archive 'in/꽃.zip' \(and 1 more"):
        read_source(tmp_path / "alone.zip", tmp_path / "work")
    zipped(tmp_path / "beside.zip", {"cat/1.png": image(), "in.zip": inner})
    assert "in.zip" in read_source(tmp_path / "beside.zip", tmp_path / "more").notes[0]


def linked(link: str, kind: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with tarfile.open(file, "w") as archive:
            info = tarfile.TarInfo("cat/1.png")
            info.type, info.linkname = kind, link
            archive.addfile(info)

    return write


def zip_link(link: str) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        info = zipfile.ZipInfo("cat/1.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(info, link)

    return write


def encrypted(file: Path) -> None:
    zipped(file, {"cat/1.png": b"x"})
    data = bytearray(file.read_bytes())
    data[6] |= 1
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    file.write_bytes(bytes(data))


def bomb(file: Path) -> None:
    zipped(file, {"cat/1.bmp": b"BM" + bytes(20_000)})


UNSAFE: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip above": (lambda file: zipped(file, {"../../cat/1.png": b""}), "leads out"),
    "zip inside and above": (lambda file: zipped(file, {"a/../../1.png": b""}), "leads out"),
    "zip root": (lambda file: zipped(file, {"/cat/1.png": b""}), "leads out"),
    "zip backslashes": (lambda file: zipped(file, {"..\\..\\cat\\1.png": b""}), "leads out"),
    "zip drive": (lambda file: zipped(file, {"C:\\cat\\1.png": b""}), "leads out"),
    "zip link": (zip_link("/etc/passwd"), "leads out"),
    "zip link above": (zip_link("../../x.png"), "leads out"),
    "tar above": (lambda file: tarred("")(file, {"../1.png": b""}), "leads out"),
    "tar root": (lambda file: tarred("")(file, {"/cat/1.png": b""}), "leads out"),
    "tar link": (linked("../../etc/passwd", tarfile.SYMTYPE), "leads out"),
    "tar link root": (linked("/etc/passwd", tarfile.SYMTYPE), "leads out"),
    "tar hard link": (linked("../x", tarfile.LNKTYPE), "leads out"),
    "tar device": (linked("", tarfile.CHRTYPE), "is a device"),
    "tar pipe": (linked("", tarfile.FIFOTYPE), "is a device"),
    "bomb": (bomb, "unpacks to more than is safe"),
    "encrypted": (encrypted, "cannot be unpacked"),
    "cut off": (lambda file: file.write_bytes(b"PK\3\4 and no more"), "cannot be unpacked"),
    "7z": (lambda file: file.write_bytes(b"7z\xbc\xaf\x27\x1c"), "7z is not a form"),
    "RAR": (lambda file: file.write_bytes(b"Rar!\x1a\x07\0"), "RAR is not a form"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(archives, "LEAST_BYTES", 10_000)
    write, why = UNSAFE[name]
    source = tmp_path / "deep" / "er" / "x.zip"
    source.parent.mkdir(parents=True)
    write(source)
    with pytest.raises(DatasetError, match=why):
        read_source(source, tmp_path / "deep" / "er" / "work")
    written = [x for x in tmp_path.rglob("*") if x.is_file() and x != source]
    assert all(x.is_relative_to(source.parent / "work") for x in written)


def test_links_within_an_archive_are_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for number, (name, kind, link) in enumerate(
            (
                ("cat/1.png", tarfile.REGTYPE, ""),
                ("dog/2.png", tarfile.SYMTYPE, "../cat/1.png"),
                ("owl/3.png", tarfile.LNKTYPE, "cat/1.png"),
                ("owl/4.png", tarfile.SYMTYPE, "gone.png"),
            )
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            content = image() if number == 0 else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    unpack(tmp_path / "a.tar", tmp_path / "out")
    found = {x.relative_to(tmp_path / "out").as_posix() for x in (tmp_path / "out").rglob("*.png")}
    assert found == {"cat/1.png", "dog/2.png", "owl/3.png"}


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    zipped(tmp_path / "a.zip", {f"cat/{number}.png": b"" for number in range(4)})
    with pytest.raises(DatasetError, match="has more than 3 files"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
