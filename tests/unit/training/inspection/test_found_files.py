from pathlib import Path

import pytest

from training.data.folders.left_out import relative
from training.errors import DatasetError
from training.inspection.found_files import find_files


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_class_folders_alone_are_one_part(tmp_path: Path) -> None:
    found = find_files(touch(tmp_path, "cat/1.jpg", "cat/deep/2.PNG", "dog/1.webp"))
    assert [(x.name, x.label, x.part) for x in found.files] == [
        ("cat/1.jpg", "cat", "all"),
        ("cat/deep/2.PNG", "cat", "all"),
        ("dog/1.webp", "dog", "all"),
    ]
    assert found.folders == {"all": ("cat", "dog")}
    assert found.complaint is None


def test_parts_are_told_by_the_names_that_training_knows(tmp_path: Path) -> None:
    found = find_files(touch(tmp_path, "test/cat/1.jpg", "valid/cat/1.jpg", "train/cat/1.jpg"))
    assert list(found.folders) == ["train", "validation", "test"]
    assert {x.name: x.part for x in found.files} == {
        "train/cat/1.jpg": "train",
        "valid/cat/1.jpg": "validation",
        "test/cat/1.jpg": "test",
    }


def test_an_empty_class_is_listed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert find_files(touch(tmp_path, "cat/1.jpg")).folders == {"all": ("cat", "empty")}


def test_what_is_not_used_is_told(tmp_path: Path) -> None:
    names = (
        "loose.jpg",
        "README.md",
        "cat/1.jpg",
        "cat/photo.jxl",
        "cat/.DS_Store",
        "cat/._1.jpg",
    )
    found = find_files(touch(tmp_path, *names))
    assert relative(tmp_path, found.left_out.outside) == ("loose.jpg",)
    assert relative(tmp_path, found.left_out.other) == ("cat/photo.jxl",)
    assert [x.name for x in found.files] == ["cat/1.jpg"]


@pytest.mark.parametrize(
    "names",
    [
        ("val/cat/1.jpg", "test/cat/1.jpg"),
        ("train/cat/1.jpg", "val/cat/1.jpg", "valid/cat/2.jpg"),
        ("train/cat/1.jpg", "train/loose.jpg", "test/cat/1.jpg"),
    ],
    ids=["no train", "two for validation", "loose images"],
)
def test_what_training_would_refuse_or_misread_is_inspected_with_a_complaint(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    found = find_files(touch(tmp_path, *names))
    assert found.complaint
    assert {x.label for x in found.files} == {"cat"}
    assert len(found.files) == sum("cat" in name for name in names)


@pytest.mark.parametrize("names", [(), ("1.jpg", "2.jpg"), ("cat/notes.txt",)])
def test_a_folder_without_images_in_classes_is_refused(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="nothing to inspect"):
        find_files(touch(tmp_path, *names))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        find_files(tmp_path / "none")


def test_nested_classes_are_found_as_training_reads_them(tmp_path: Path) -> None:
    names = ("animals/cat/1.jpg", "animals/dogs/pug/1.jpg", "vehicles/car/1.jpg")
    for part in ("train", "test"):
        touch(tmp_path, *(f"{part}/{name}" for name in names))
    found = find_files(tmp_path)
    assert found.folders == {"train": ("car", "cat", "pug"), "test": ("car", "cat", "pug")}
    assert {(file.name, file.label) for file in found.files if file.part == "test"} == {
        ("test/animals/cat/1.jpg", "cat"),
        ("test/animals/dogs/pug/1.jpg", "pug"),
        ("test/vehicles/car/1.jpg", "car"),
    }
    assert find_files(tmp_path, may_nest=False).folders["train"] == ("animals", "vehicles")
    assert found.complaint is None
    touch(tmp_path, "test/fish/cat/1.jpg")
    complaint = find_files(tmp_path).complaint
    assert complaint and "have this class in animals/cat" in complaint
