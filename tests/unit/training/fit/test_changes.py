"""What is said of a run that is started again with something else."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.fit.conftest import make_config
from training.data.split import SPLIT_FILE, Groups, Splits, divide, list_parts
from training.data.training_data import TrainingData, load_training_data
from training.errors import TrainingError
from training.fit.changes import images_changed, settings_changed
from training.fit.fit import fit


@pytest.fixture(scope="module")
def begun(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset and the run of it."""
    folder = tmp_path_factory.mktemp("begun")
    shutil.copytree(images, folder / "set")
    config = make_config("probe")
    fit(config, load_training_data(folder / "set", config, None), folder / "run")
    return folder


@pytest.fixture
def copy(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "copy"))


def _add(folder: Path) -> None:
    data = (folder / "train/blue/000.png").read_bytes()
    (folder / "train/blue/new.png").write_bytes(data + b"\0")


def _remove(folder: Path) -> None:
    (folder / "train/red/007.png").unlink()


def _replace(folder: Path) -> None:
    file = folder / "train/green/001.png"
    file.write_bytes(file.read_bytes() + b"\0")


def _new_class(folder: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(folder / part / "red", folder / part / "빨강")
        for file in (folder / part / "빨강").iterdir():
            file.write_bytes(file.read_bytes() + b"\0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_add, "1 images were added: train/blue/new.png"),
        (_remove, "1 images are missing: train/red/007.png"),
        (_replace, "1 images have other content: train/green/001.png"),
        (_new_class, "new classes: 빨강; 40 images were added: "),
    ],
)
def test_other_images_are_refused_and_named(copy: Path, change: object, said: str) -> None:
    assert callable(change)
    config = make_config("probe")
    change(copy / "set")
    data = load_training_data(copy / "set", config, None)
    with pytest.raises(TrainingError, match="another config or other images: ") as refused:
        fit(config, data, copy / "run")
    assert said in str(refused.value)


def test_another_order_of_the_classes_is_named(copy: Path) -> None:
    data = load_training_data(copy / "set", make_config("probe"), None)
    train = data.splits.train
    turned = replace(train, labels=train.labels[::-1], targets=2 - train.targets)
    splits = replace(data.splits, train=turned)
    assert images_changed(copy / "run", splits) == [
        "the classes are in another order: red, green, blue"
    ]


def test_another_order_of_the_images_is_named(copy: Path) -> None:
    data = load_training_data(copy / "set", make_config("probe"), None)
    train = data.splits.train
    turned = train.subset(data.splits.places["train"].argsort()[::-1])
    splits = replace(data.splits, train=turned)
    assert images_changed(copy / "run", splits) == ["the images are in another order"]


@pytest.mark.parametrize("divided", [False, True])
def test_the_name_of_the_folder_is_no_change(images: Path, tmp_path: Path, divided: bool) -> None:
    """An archive's import is called by its content."""
    parts = ("train", "val") if divided else ("",)

    def splits(folder: str) -> Splits:
        root = tmp_path / folder
        listed = list_parts(root)
        groups = Groups("content", np.arange(sum(map(len, listed.values()))))
        return divide(listed, groups, make_config("probe").data, 0)

    for part in parts:
        shutil.copytree(images / "train", tmp_path / "set-1" / part, dirs_exist_ok=True)
    for file in (tmp_path / "set-1").rglob("*.png"):
        file.write_bytes(file.read_bytes() + file.as_posix().encode())
    (tmp_path / SPLIT_FILE).write_text(splits("set-1").to_json())
    (tmp_path / "set-1").rename(tmp_path / "set-2")
    assert images_changed(tmp_path, splits("set-2")) == []
    place = f"{parts[0]}/blue/000.png".removeprefix("/")
    (tmp_path / "set-2" / place).write_bytes((tmp_path / "set-2" / place).read_bytes() + b"\0")
    assert images_changed(tmp_path, splits("set-2")) == [f"1 images have other content: {place}"]


def test_other_settings_are_named_with_both_values(copy: Path) -> None:
    config = make_config("probe")
    data: TrainingData = load_training_data(copy / "set", config, None)
    with pytest.raises(TrainingError, match=r"seed was 3 and is 4. Choose another folder"):
        fit(replace(config, seed=4), data, copy / "run")
    assert settings_changed({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}) == ["a.c was None and is 2"]


def test_a_run_without_its_list_of_images_says_so_still(copy: Path) -> None:
    (copy / "run" / "split.json").unlink()
    config = make_config("probe")
    _remove(copy / "set")
    with pytest.raises(TrainingError, match="the images are others, or in another order"):
        fit(config, load_training_data(copy / "set", config, None), copy / "run")


@pytest.mark.parametrize("recipe", ["probe", "finetune", "scratch"])
def test_a_last_batch_of_one_image_ends_no_recipe(
    images: Path, tmp_path: Path, recipe: str
) -> None:
    few = {"finetune__head__epochs": 1, "finetune__body__epochs": 1, "scratch__epochs": 1}
    data = load_training_data(images, make_config(recipe), None)
    size = len(data.splits.train) - 1
    phases = ("finetune__head", "finetune__body", "scratch")
    config = make_config(recipe, **few, **{f"{phase}__batch_size": size for phase in phases})
    assert fit(config, data, tmp_path).history
