"""Zips and tables become class folders, and what cannot says where it is wrong."""

import json
import zipfile
from pathlib import Path

import pytest

from training.data.sources.forms.registry import read_source
from training.data.sources.imports import import_images
from training.errors import DatasetError


def write(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found} - {".source.json"}


@pytest.mark.parametrize("top", ["", "photos/"])
def test_a_zip_keeps_classes_and_parts(tmp_path: Path, top: str) -> None:
    source = tmp_path / "photos.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name in ("train/고양이/a.jpg", "test/dog/b.png", "train/dog/._c.jpg", "readme.txt"):
            archive.writestr(top + name, name)
        archive.writestr("__MACOSX/train/dog/d.jpg", "")
    imported = import_images(source, tmp_path / "out")
    assert (imported.images, imported.made) == (2, True)
    assert files(tmp_path / "out") == {"train/고양이/a.jpg", "test/dog/b.png"}
    assert not import_images(source, tmp_path / "out").made
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_table_gives_labels_and_parts(tmp_path: Path, kind: str) -> None:
    write(tmp_path, "a.jpg", "more/a.jpg", "b.jpg", "c.jpg")
    rows = [("a.jpg", "cat", "val"), ("more/a.jpg", "cat", "val"), ("b.jpg", "-x", ""), ("c.jpg",)]
    table = tmp_path / f"labels.{kind}"
    if kind == "csv":
        text = "file_name,label,split,other\r\n" + "".join(
            ",".join(row).replace("-x", "'-x") + "\r\n" for row in rows
        )
        table.write_text(f"{text},,,\r\n", encoding="utf-8-sig")
    else:
        names = ("file", "class", "part")
        padded = [(*row, *[None] * (3 - len(row))) for row in rows]
        lines = (json.dumps(dict(zip(names, row, strict=True))) for row in padded)
        table.write_text("\n\n".join(lines))
    imported = import_images(table, tmp_path / "out")
    assert (imported.images, imported.unlabelled) == (3, 1)
    assert files(tmp_path / "out") == {
        "validation/cat/a.jpg",
        "validation/cat/a-2.jpg",
        "train/-x/b.jpg",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "File_Name, Label,SPLIT\na.jpg,0,val\n"),
        ("t.jsonl", '{"Path": "a.jpg", "Class": 0, "Part": "val"}'),
    ],
)
def test_columns_are_read_in_any_case_and_numbers_as_labels(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / name).write_text(text)
    (image,) = read_source(tmp_path / name, tmp_path / "unused").images
    assert (image.label, image.part) == ("0", "validation")


def test_class_folders_are_found_with_their_parts(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/a.jpg", "valid/cat/b.jpg", ".hidden/cat/c.jpg", "train/notes.txt")
    found = read_source(tmp_path, tmp_path / "unused").images
    assert [(image.file.name, image.label, image.part) for image in found] == [
        ("a.jpg", "cat", "train"),
        ("b.jpg", "cat", "validation"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("t.csv", "file_name,label\nnone.jpg,cat\n", "line 2: there is no file"),
        ("t.csv", "file_name\na.jpg\n", "line 2: has no column label or class"),
        ("t.csv", "file,label\n../a.jpg,cat\n", "line 2: the file '../a.jpg' lies outside"),
        ("t.csv", "file,label\n/etc/hostname,cat\n", "line 2: the file '/etc/hostname' lies"),
        ("t.jsonl", '{"file": "x/../../a.jpg", "label": "a"}', "line 1: the file 'x/../../a.jpg'"),
        ("t.csv", "label\ncat\n", "line 2: names no file"),
        ("t.csv", "file,label,part\na.jpg,cat,third\n", "part 'third' is not one of"),
        ("t.csv", "file,label\na.jpg,a/b\n", "the class 'a/b' holds /"),
        ("t.csv", "file,label\na.jpg,\n", "no image has a label"),
        ("t.csv", "file,label\n", "has no images"),
        ("t.jsonl", "[1]\n", "line 1: not an object"),
        ("t.jsonl", "{\n", "cannot be read as a table"),
        ("t.zip", "no zip", "cannot be unpacked"),
        ("t.tar", "", "not a form that can be read"),
    ],
)
def test_what_cannot_be_imported_says_where(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        import_images(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "out/mine.txt")
    (tmp_path / "t.csv").write_text("file,label\na.jpg,cat\n")
    with pytest.raises(DatasetError, match="holds other files"):
        import_images(tmp_path / "t.csv", tmp_path / "out")


@pytest.mark.parametrize("place", ["더\\a.jpg", "C:\\Users\\me\\더\\a.jpg"])
def test_a_table_of_windows_has_backslashes(tmp_path: Path, place: str) -> None:
    write(tmp_path, "더/a.jpg")
    exact = "file,label\n" if place.startswith("더") else "image,choice,annotator\n"
    end = "cat" if place.startswith("더") else "cat,1"
    (tmp_path / "t.csv").write_bytes(f"{exact}{place},{end}\r\n".encode("cp949"))
    (image,) = read_source(tmp_path / "t.csv", tmp_path / "unused").images
    assert (image.file, image.label) == (tmp_path / "더" / "a.jpg", "cat")
