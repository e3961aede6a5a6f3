"""Labels in the order of the outputs, as text or CSV, with parents and folders."""

import unicodedata
from pathlib import Path

import pytest

from training.adopt.labels import read_labels
from training.errors import TrainingError
from visionflow.models.label_tree import Label


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_label_a_line_in_their_order(tmp_path: Path) -> None:
    found = read_labels(write(tmp_path, "labels.txt", "tench\n great white shark \n\ncat\n"))
    assert found.names == ("tench", "great white shark", "cat")
    assert found.folders == found.names
    assert found.tree.parents == ()


def test_a_csv_with_parents_and_folders(tmp_path: Path) -> None:
    text = "label,parent,folder\ncat,pet,n02_cat\ncar,,\ndog,pet,n01_dog\npet,animal,\n"
    found = read_labels(write(tmp_path, "labels.csv", "\ufeff" + text))
    assert found.names == ("cat", "car", "dog")
    assert found.folders == ("n02_cat", "car", "n01_dog")
    assert found.tree.ancestors("dog") == ("animal", "pet")
    assert found.tree.ancestors("car") == ()


def test_parents_in_a_file_of_their_own(tmp_path: Path) -> None:
    labels = write(tmp_path, "labels.txt", "cat\noak\n")
    parents = write(tmp_path, "parents.csv", "label,parent\ncat,animal\nanimal,alive\noak,alive\n")
    found = read_labels(labels, parents)
    assert found.tree.parents == (Label("alive", None), Label("animal", "alive"))
    assert found.tree.labels == (Label("cat", "animal"), Label("oak", "alive"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels.txt", "\n \n", "holds no labels"),
        ("labels.txt", "cat\ndog\ncat\n", "cat stands there more than once"),
        ("labels.csv", "name,parent\ncat,pet\n", "columns are name, parent; label must be there"),
        ("labels.csv", "label,colour\ncat,red\n", "only label, parent, folder may be"),
        ("labels.csv", "label,parent\n,pet\n", "line 2 has no label"),
        ("labels.csv", "label,parent\na,b\nb,a\nc,\n", "above itself"),
        ("labels.csv", "label,parent\na,b\nb,c\nb,d\n", "b has two parents"),
        ("labels.csv", "label,folder\na,x\nb,x\n", "x is the folder of several labels"),
        ("labels.csv", "label,folder\na,b\nb,\n", "b is the folder of several labels"),
        ("labels.csv", "label,folder\na,x\nb,X\n", "X is the folder of several labels"),
        ("labels.txt", "cat\nCat\n", "Cat is the folder of several labels"),
        ("labels.csv", "label,folder\ncat,x\nCat,y\n", "found 'cat' and 'Cat'"),
        ("labels.txt", "cat\nlineage.jsonl\n", "'lineage.jsonl' is the name of a file"),
        ("labels.txt", "cat\nbus/tram\n", "'bus/tram' holds /"),
        ("labels.csv", 'label\ncat\n"a\x1b]0;b\x07"\n', r"'a.x1b]0;b.x07' holds U\+001B"),
        ("labels.csv", "label,parent\ncat,a\u202eb\n", r"holds U\+202E"),
    ],
)
def test_labels_that_cannot_be(name: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=said):
        read_labels(write(tmp_path, name, text))


def test_letters_that_were_taken_apart_are_composed(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "고양이")
    file = write(tmp_path, "labels.csv", f"label,parent,folder\n{apart},동물,{apart}1\ndog,,\n")
    found = read_labels(file)
    assert found.names == ("고양이", "dog")
    assert found.folders == ("고양이1", "dog")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_labels(tmp_path / "missing.txt")
    binary = tmp_path / "labels.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrainingError, match="not text"):
        read_labels(binary)


def test_parents_of_what_is_not_a_label(tmp_path: Path) -> None:
    labels = write(tmp_path, "labels.txt", "cat\n")
    parents = write(tmp_path, "parents.csv", "label,parent\ndog,animal\ncat,animal\n")
    with pytest.raises(TrainingError, match="dog has a parent and is neither"):
        read_labels(labels, parents)
