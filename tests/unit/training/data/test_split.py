import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from training.config import DataConfig
from training.data.listing import Listing
from training.data.split import carve, leaks, read_splits
from training.errors import DatasetError

CONFIG = DataConfig(validation=0.2, test=0.1, balance="none", workers=0)


def listing(*counts: int, copies: int = 1) -> Listing:
    """``counts`` images of each class, ``copies`` of them with the same content."""
    targets = np.repeat(np.arange(len(counts)), counts)
    labels = tuple("abcdefgh"[: len(counts)])
    files = tuple(f"{labels[t]}/{i:04}.png" for i, t in enumerate(targets))
    hashes = tuple(f"{t:02x}{i // copies:062x}" for i, t in enumerate(targets))
    return Listing(Path("set"), labels, files, targets, hashes)


@pytest.fixture
def divided(images: Path, tmp_path: Path) -> Path:
    """A copy of ``train`` and ``test`` that a test may change."""
    return Path(shutil.copytree(images, tmp_path / "set"))


def test_every_class_is_divided_in_the_same_shares() -> None:
    found = listing(100, 50, 10)
    parts = carve(found, {"validation": 0.2, "test": 0.1}, seed=5)
    assert found.subset(parts["validation"]).counts.tolist() == [20, 10, 2]
    assert found.subset(parts["test"]).counts.tolist() == [10, 5, 1]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(160))


@pytest.mark.parametrize("fractions", [(0.15, 0.15), (0.45, 0.45), (0.01, 0.01)])
@pytest.mark.parametrize("count", [3, 4, 5])
def test_every_part_gets_one_image_at_least(count: int, fractions: tuple[float, float]) -> None:
    found = listing(count, 40)
    parts = carve(found, dict(zip(("validation", "test"), fractions, strict=True)), seed=5)
    for indices in parts.values():
        assert found.subset(indices).counts.min() >= 1


def test_the_split_follows_its_seed() -> None:
    first, again, other = (
        carve(listing(50, 50), {"test": 0.2}, seed)["test"].tolist() for seed in (5, 5, 6)
    )
    assert first == again != other


def test_files_of_the_same_content_stay_together() -> None:
    found = listing(60, 60, copies=3)
    parts = carve(found, {"validation": 0.3, "test": 0.2}, seed=1)
    contents = [{found.hashes[i] for i in indices} for indices in parts.values()]
    assert not contents[0] & contents[1] | contents[0] & contents[2] | contents[1] & contents[2]
    assert found.subset(parts["validation"]).counts.tolist() == [18, 18]
    assert found.subset(parts["test"]).counts.tolist() == [12, 12]


def test_images_that_exist_once_are_measured_before_copies() -> None:
    singles, copied = listing(20, 20), listing(20, 20, copies=2)
    hashes = tuple(
        copied.hashes[i] if i % 20 < 12 else single for i, single in enumerate(singles.hashes)
    )
    found = Listing(singles.root, singles.labels, singles.files, singles.targets, hashes)
    test = carve(found, {"test": 0.25}, seed=1)["test"]
    assert len({hashes[i] for i in test}) == len(test) == 10


@pytest.mark.parametrize(("counts", "copies"), [((9, 1), 1), ((9, 2), 1), ((20, 8), 4)])
def test_a_class_with_too_few_images_is_named(counts: tuple[int, int], copies: int) -> None:
    with pytest.raises(DatasetError, match=r"set.b: \d different images? cannot be divided into"):
        carve(listing(*counts, copies=copies), {"validation": 0.2, "test": 0.1}, seed=1)


def test_class_folders_are_divided_into_three_parts(images: Path) -> None:
    splits = read_splits(images / "train", CONFIG, seed=1)
    assert list(splits.fractions) == ["validation", "test"]
    counts = [part.counts.tolist() for part in (splits.train, splits.validation, splits.test)]
    assert counts == [[28] * 3, [8] * 3, [4] * 3]


def test_a_test_folder_is_taken_as_it_is(divided: Path) -> None:
    splits = read_splits(divided, CONFIG, seed=1)
    assert list(splits.fractions) == ["validation"]
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (96, 24, 30)
    assert splits.test.root == divided / "test"


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Validation"])
def test_a_validation_folder_has_several_names(divided: Path, name: str) -> None:
    shutil.copytree(divided / "test", divided / name)
    splits = read_splits(divided, CONFIG, seed=1)
    assert splits.fractions == {}
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (120, 30, 30)


def test_two_validation_folders_are_refused(divided: Path) -> None:
    for name in ("val", "valid"):
        shutil.copytree(divided / "test", divided / name)
    with pytest.raises(DatasetError, match="both val and valid are for validation"):
        read_splits(divided, CONFIG, seed=1)


def test_a_folder_that_is_no_part_is_refused(divided: Path) -> None:
    shutil.copytree(divided / "test", divided / "extra")
    with pytest.raises(DatasetError, match="extra: beside train only folders called train, val"):
        read_splits(divided, CONFIG, seed=1)


def test_parts_without_a_training_part_are_refused(divided: Path) -> None:
    (divided / "train").rename(divided / "val")
    with pytest.raises(DatasetError, match="there is no folder train beside test, val"):
        read_splits(divided, CONFIG, seed=1)


def test_an_image_beside_the_class_folders_of_train_is_refused(divided: Path) -> None:
    stray = next((divided / "train").rglob("*.png"))
    stray.rename(divided / "train" / stray.name)
    with pytest.raises(DatasetError, match="lies beside class folders; move it into its class"):
        read_splits(divided, CONFIG, seed=1)


def test_a_class_may_be_called_train(images: Path, tmp_path: Path) -> None:
    shutil.copytree(images / "train" / "red", tmp_path / "train")
    shutil.copytree(images / "train" / "blue", tmp_path / "tram")
    assert read_splits(tmp_path, CONFIG, seed=1).train.labels == ("train", "tram")


def test_a_label_in_test_that_train_never_had_is_named(divided: Path) -> None:
    (divided / "test" / "red").rename(divided / "test" / "rose")
    with pytest.raises(DatasetError, match=r"test: the training images have no class rose"):
        read_splits(divided, CONFIG, seed=1)


def test_a_class_that_test_does_not_have_is_only_not_measured(divided: Path) -> None:
    shutil.rmtree(divided / "test" / "green")
    splits = read_splits(divided, CONFIG, seed=1)
    assert splits.test.labels == splits.train.labels
    assert splits.test.counts.tolist() == [10, 0, 10]


def test_images_that_lie_in_two_parts_are_counted(divided: Path) -> None:
    assert not list(leaks(read_splits(divided, CONFIG, seed=1)))
    for number in ("000", "001"):
        shutil.copy(
            divided / "test" / "red" / f"{number}.png", divided / "train" / "red" / f"t{number}.png"
        )
    (sentence,) = leaks(read_splits(divided, CONFIG, seed=1))
    assert sentence.startswith("2 of 30 test images are training or validation images too")


def test_the_split_is_written_down_file_by_file(divided: Path) -> None:
    splits = read_splits(divided, CONFIG, seed=7)
    written = json.loads(splits.to_json())
    assert written["seed"] == 7
    assert written["fractions"] == {"validation": 0.2}
    assert written["labels"] == ["blue", "green", "red"]
    part = written["parts"]["validation"]
    assert part["folder"] == "train"
    assert part["sha256"] == splits.validation.sha256
    assert list(part["files"].items()) == list(
        zip(splits.validation.files, splits.validation.hashes, strict=True)
    )
