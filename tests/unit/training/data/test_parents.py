"""Where the parents of labels come from, and what is refused."""

import shutil
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.training.conftest import SIDE, shrunken_config
from training.data.parents import (
    label_tree,
    nested_parents,
    parents_of,
    read_parents,
    tree_summary,
    unread_folders,
)
from training.data.training_data import TrainingData, load_training_data
from training.errors import DatasetError
from visionflow.errors import ConfigError
from visionflow.models.label_tree import LabelTree


def draw(root: Path, *folders: str, images: int = 8) -> Path:
    """Different small images in each of ``folders``."""
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(images):
            colour = (hash_of(folder), 30 * i % 256, len(str(root)) % 256)
            Image.new("RGB", (SIDE, SIDE), colour).save(root / folder / f"{i}.png")
    return root


def hash_of(text: str) -> int:
    return sum(map(ord, text)) % 256


def load(folder: Path, parents: str = "auto", **fields: object) -> TrainingData:
    return load_training_data(folder, shrunken_config(data__parents=parents, **fields), None)


def paths(tree: LabelTree) -> dict[str, tuple[str, ...]]:
    return {label.name: tree.ancestors(label.name) for label in tree.labels}


UNEVEN = ("animals/dogs/pug", "animals/dogs/beagle", "animals/cat", "vehicles/car")


@pytest.mark.parametrize("part", ["", "train/"])
def test_nested_class_folders_are_read_as_parents(tmp_path: Path, part: str) -> None:
    draw(tmp_path, *(part + folder for folder in UNEVEN))
    data = load(tmp_path)
    assert data.labels == ("beagle", "car", "cat", "pug")
    assert paths(data.tree) == {
        "beagle": ("animals", "dogs"),
        "car": ("vehicles",),
        "cat": ("animals",),
        "pug": ("animals", "dogs"),
    }
    train = data.splits.train
    assert {train.files[i].split("/")[-2] for i in range(len(train))} == set(data.labels)
    assert all(train.labels[t] in file for t, file in zip(train.targets, train.files, strict=True))
    said = tree_summary(data.tree, "auto")
    assert "4 labels below 3 parents, 3 levels, at the top animals, vehicles" in said


def test_every_part_is_nested_in_the_same_way(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        draw(tmp_path / part, *UNEVEN)
    data = load(tmp_path)
    assert data.splits.validation.labels == data.splits.test.labels == data.labels
    assert [len(part) for part in data.splits.parts.values()] == [32, 32, 32]
    shutil.move(tmp_path / "test" / "animals" / "cat", tmp_path / "test" / "cat")
    with pytest.raises(DatasetError, match="have this class in animals/cat; nest the folders"):
        load(tmp_path)


def test_a_class_that_only_a_later_part_has_is_refused(tmp_path: Path) -> None:
    draw(tmp_path / "train", *UNEVEN)
    draw(tmp_path / "test", *UNEVEN, "animals/fish")
    with pytest.raises(DatasetError, match="the training images have no class fish"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("folders", "labels"),
    [
        (("a/red", "b/red", "b/blue"), ("a", "b")),
        (("a/2024-05-01", "b/2024-05-02"), ("a", "b")),
        (("a/1", "a/2", "b/3"), ("a", "b")),
        (("a", "a/more", "b/other"), ("a", "b")),
        (("a", "b"), ("a", "b")),
        (("cat/alice", "dog/bob"), ("cat", "dog")),
    ],
    ids=["same name twice", "dates", "numbers", "images at the top", "flat", "one in each"],
)
def test_other_folders_in_class_folders_are_no_classes(
    tmp_path: Path, folders: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    data = load(draw(tmp_path, *folders))
    assert (data.labels, data.tree.parents) == (labels, ())


def test_it_is_said_that_folders_in_class_folders_are_not_read() -> None:
    assert unread_folders(("a", "b"), ("a/1.png", "b/2.png")) is None
    said = unread_folders(("a", "b"), ("a/red/1.png", "b/2.png"))
    assert said is not None and "The top folders are the classes (a, b)" in said


def test_an_image_beside_the_top_folders_changes_nothing(tmp_path: Path) -> None:
    draw(tmp_path, *UNEVEN)
    shutil.copy(next((tmp_path / "vehicles" / "car").iterdir()), tmp_path / "preview.png")
    assert load(tmp_path).labels == ("beagle", "car", "cat", "pug")


def test_linked_class_folders_are_followed_and_circles_are_not(tmp_path: Path) -> None:
    draw(tmp_path / "set", "animals/cat", "vehicles/car", "vehicles/bus")
    draw(tmp_path / "elsewhere", "dog")
    (tmp_path / "set" / "animals" / "dog").symlink_to(tmp_path / "elsewhere" / "dog")
    (tmp_path / "set" / "vehicles" / "back").symlink_to(tmp_path / "set")
    assert load(tmp_path / "set").labels == ("bus", "car", "cat", "dog")


def test_folders_that_are_groups_are_no_parents(tmp_path: Path) -> None:
    draw(tmp_path, "cat/garden", "cat/sofa", "cat/roof", "dog/park", "dog/beach", "dog/car")
    data = load(tmp_path, data__group_by="folder")
    assert (data.labels, data.tree.parents) == (("cat", "dog"), ())
    assert len(load(tmp_path).labels) == 6
    assert load(tmp_path, "none").labels == ("cat", "dog")


@pytest.mark.parametrize(
    ("folders", "sentence"),
    [
        (("animals/dog", "animals/dog/pug", "cars/van"), "dog is a class and a parent of classes"),
        (("animals/cat/cat", "animals/dog", "cars/van"), "several folders are called cat"),
        (("animals/dog/pug", "animals/cat", "toys/dog/rex"), "several folders are called dog"),
        (("animals/cars/pug", "animals/cat", "cars/van"), "several folders are called cars"),
    ],
)
def test_a_folder_with_two_meanings_is_refused(
    tmp_path: Path, folders: tuple[str, ...], sentence: str
) -> None:
    draw(tmp_path, *folders)
    with pytest.raises(DatasetError, match=f"{sentence}.*data.parents = none"):
        load(tmp_path)


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    (draw(tmp_path, *UNEVEN) / "vehicles" / "bus").mkdir()
    with pytest.raises(DatasetError, match="no images in class bus"):
        load(tmp_path)


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    draw(tmp_path, *UNEVEN, "animals/.thumbnails", ".cache/x")
    assert len(load(tmp_path).labels) == 4


def table(folder: Path, *rows: str, header: str = "label,parent") -> Path:
    file = folder / "parents.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8-sig")
    return file


def test_a_table_gives_parents_of_any_depth_and_may_leave_labels_out(tmp_path: Path) -> None:
    draw(tmp_path, "pug", "cat", "car")
    table(tmp_path, "pug,dog", "dog,animal", "cat,animal", "animal,thing", ",")
    data = load(tmp_path, "csv:parents.csv")
    assert paths(data.tree) == {
        "car": (),
        "cat": ("thing", "animal"),
        "pug": ("thing", "animal", "dog"),
    }


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (("pug,dog", "dgo,animal"), "dgo is neither a class nor a parent"),
        (("pug,cat",), "cat is a class and a parent of classes; rename"),
        (("pug,dog", "pug,animal"), "line 3: pug has two parents"),
        (("pug,dog", "dog,animal", "animal,dog"), "is above itself"),
    ],
)
def test_a_table_that_is_wrong_is_refused(
    tmp_path: Path, rows: tuple[str, ...], sentence: str
) -> None:
    file = table(draw(tmp_path, "pug", "cat"), *rows)
    with pytest.raises(DatasetError, match=sentence) as refused:
        load(tmp_path, "csv:parents.csv")
    assert str(refused.value).startswith((str(file), str(tmp_path)))


def test_a_table_without_its_columns_or_none_at_all_is_refused(tmp_path: Path) -> None:
    file = table(draw(tmp_path, "pug", "cat"), "pug,dog", header="name,parent")
    with pytest.raises(DatasetError, match="no column label"):
        read_parents(file, ("pug", "cat"))
    file.write_bytes(b"label,parent\n\xff,x\n")
    with pytest.raises(DatasetError, match="cannot be read as CSV"):
        read_parents(file, ("pug", "cat"))
    with pytest.raises(DatasetError, match=r"data.parents = csv:none.csv: there is no such file"):
        load(tmp_path, "csv:none.csv")


@pytest.mark.parametrize("rule", ["nested", "csv:", "csv"])
def test_an_unknown_rule_is_refused(rule: str) -> None:
    with pytest.raises(ConfigError, match=r"data.parents must be auto, none or csv:FILE"):
        shrunken_config(data__parents=rule)


def test_a_spreadsheet_and_the_folders_of_macos_spell_the_same_name(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "고양이")
    draw(tmp_path, apart, "dog")
    (tmp_path / "parents.csv").write_text("label,parent\n고양이,동물\n", encoding="utf-8")
    data = load(tmp_path, f"csv:{tmp_path / 'parents.csv'}")
    assert paths(data.tree) == {"고양이": ("동물",), "dog": ()}


def test_parents_above_nothing_are_left_out(tmp_path: Path) -> None:
    above = {"pug": "dog", "dog": "animal", "lynx": "cat", "cat": "animal"}
    tree = label_tree(("pug", "car"), above, tmp_path)
    assert parents_of(tree) == {"pug": "dog", "dog": "animal"}


def test_without_images_nothing_is_nested(tmp_path: Path) -> None:
    assert nested_parents(tmp_path) is None
