import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from training.data.listing import list_images, read_bytes, same_content
from training.errors import DatasetError


@pytest.fixture
def folder(images: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(images / "test", tmp_path / "test"))


def test_files_come_sorted_by_class_and_name(folder: Path) -> None:
    # As paths, "blue-grey/..." would stand in front of "blue/...".
    (folder / "red").rename(folder / "blue-grey")
    listing = list_images(folder)
    assert listing.labels == ("blue", "blue-grey", "green")
    assert listing.files[:2] == ("blue/000.png", "blue/001.png")
    assert listing.targets.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert listing.counts.tolist() == [10, 10, 10]
    assert listing.path(10).read_bytes() == (folder / "blue-grey" / "000.png").read_bytes()


def test_the_content_hash_knows_content_and_class_but_not_the_place(
    folder: Path, tmp_path: Path
) -> None:
    original = list_images(folder).sha256
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    assert list_images(elsewhere).sha256 == original
    (elsewhere / "red" / "000.png").rename(elsewhere / "blue" / "zzz.png")
    assert list_images(elsewhere).sha256 != original


def test_what_is_no_image_and_what_is_hidden_is_left_out(folder: Path) -> None:
    original = list_images(folder).files
    (folder / "red" / "notes.txt").write_text("no image", encoding="utf-8")
    (folder / "red" / "._000.png").write_text("a Mac's notes", encoding="utf-8")
    (folder / ".thumbnails").mkdir()
    assert list_images(folder).files == original


def test_images_may_lie_deeper_and_have_any_case(folder: Path) -> None:
    (folder / "red" / "summer").mkdir()
    (folder / "red" / "000.png").rename(folder / "red" / "summer" / "A.PNG")
    assert list_images(folder).files[-1] == "red/summer/A.PNG"


def test_all_names_that_are_not_utf_8_are_named_before_anything_is_read(folder: Path) -> None:
    for number, name in enumerate((b"k\xe4fer.png", "고양이.png".encode("cp949"))):
        (folder / "red" / f"{number:03}.png").rename(folder / "red" / os.fsdecode(name))
    with pytest.raises(DatasetError, match="2 names are not text in UTF-8") as refused:
        list_images(folder)
    assert r"red/k\xe4fer.png" in str(refused.value)
    assert r"red/\xb0\xed\xbe\xe7\xc0\xcc.png" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\x1b]0;b", "U+001B"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        (os.fsdecode(b"k\xe4fer"), "not text in UTF-8: k\\xe4fer"),
        ("trailing ", "dot or a blank"),
        ("a:b", "cannot hold"),
        ("lineage.jsonl", "name of a file"),
        ("nul", "device"),
        ("x" * 121, "121 characters"),
    ],
)
def test_a_folder_that_cannot_be_a_label_is_refused(folder: Path, name: str, why: str) -> None:
    (folder / "red").rename(folder / name)
    with pytest.raises(DatasetError) as refused:
        list_images(folder)
    assert why in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_class_called_train_is_a_class(folder: Path) -> None:
    (folder / "red").rename(folder / "train")
    assert list_images(folder).labels == ("blue", "green", "train")


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ("Blue", "blue", "upper and lower case"),
        ("É", "e\u0301", "upper and lower case"),
        ("flower A", "flower  A", "blanks"),
        ("cat", "cat ", "blanks"),
        ("Ａ급", "A급", "the width or form of letters"),
        ("ﾈｺ", "ネコ", "the width or form of letters"),
        ("cat", "ca\u200bt", "characters that cannot be seen"),
    ],
)
def test_two_folders_that_look_alike_are_named(
    folder: Path, first: str, second: str, difference: str
) -> None:
    (folder / "red").rename(folder / first)
    (folder / "blue").rename(folder / second)
    with pytest.raises(DatasetError, match=difference) as refused:
        list_images(folder)
    assert first in str(refused.value)
    assert str(refused.value).isprintable()


def test_folders_that_differ_by_composition_alone_are_one_class(folder: Path) -> None:
    (folder / "red").rename(folder / unicodedata.normalize("NFD", "각"))
    (folder / "blue").rename(folder / "각")
    listing = list_images(folder)
    assert listing.labels == ("green", "각")
    assert listing.counts.tolist() == [10, 20]


def test_a_folder_of_macos_has_the_label_that_others_type(folder: Path) -> None:
    apart = unicodedata.normalize("NFD", "각")
    (folder / "red").rename(folder / apart)
    listing = list_images(folder)
    assert listing.labels == ("blue", "green", "각")
    assert listing.files[-1].startswith(f"{apart}/")
    assert listing.path(len(listing) - 1).is_file()
    assert list_images(folder, ("blue", "green", "각")).counts.tolist() == [10, 10, 10]


def test_an_empty_class_is_named(folder: Path) -> None:
    (folder / "yellow").mkdir()
    (folder / "yellow" / "notes.txt").write_text("no image", encoding="utf-8")
    with pytest.raises(DatasetError, match="no images in class yellow; add some or remove"):
        list_images(folder)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"not in a class folder")
    with pytest.raises(DatasetError, match="no images in folders of classes; expected"):
        list_images(tmp_path)


def test_a_single_class_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "red")
    shutil.rmtree(folder / "blue")
    with pytest.raises(DatasetError, match="found 1 class folders with images, at least 2"):
        list_images(folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        list_images(tmp_path / "nowhere")


def test_with_given_labels_classes_may_be_missing_but_not_unknown(folder: Path) -> None:
    labels = ("amber", "blue", "green", "red")
    assert set(list_images(folder, labels).targets) == {1, 2, 3}
    with pytest.raises(DatasetError, match="the training images have no class red; add it"):
        list_images(folder, ("blue", "green"))


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    listing = list_images(folder)
    listing.path(0).unlink()
    with pytest.raises(DatasetError, match=r"blue.000\.png: cannot be read \(No such file"):
        read_bytes(listing.path(0))


def test_members_of_the_same_content_are_grouped() -> None:
    hashes = ["a", "b", "a", "c", "b", "a"]
    assert same_content(hashes, range(6)) == [[0, 2, 5], [1, 4], [3]]
    assert same_content(hashes, [1, 2, 5]) == [[1], [2, 5]]
