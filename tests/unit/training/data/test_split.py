import json
import shutil
import tracemalloc
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import DataConfig
from training.data.listing import Int64Array, Listing
from training.data.split import Groups, Splits, carve, divide, list_parts, require_measurable
from training.errors import DatasetError

CONFIG = DataConfig(
    validation=0.2,
    test=0.1,
    group_by="content",
    parents="auto",
    balance="none",
    workers=0,
    skip_unreadable=False,
)


SHARES = {"validation": 0.2, "test": 0.1}


def listing(*counts: int, copies: int = 1) -> Listing:
    """``counts`` images of each class, ``copies`` of them with the same content."""
    targets = np.repeat(np.arange(len(counts)), counts)
    labels = tuple("abcdefgh"[: len(counts)])
    files = tuple(f"{labels[t]}/{i:04}.png" for i, t in enumerate(targets))
    hashes = tuple(f"{t:02x}{i // copies:062x}" for i, t in enumerate(targets))
    return Listing(Path("set"), labels, files, targets, hashes)


def grouped(*classes: Sequence[int]) -> tuple[Listing, Int64Array]:
    """For each class the sizes of its groups."""
    sizes = [size for groups in classes for size in groups]
    return listing(*map(sum, classes)), np.repeat(np.arange(len(sizes)), sizes)


def alone(found: Listing) -> Int64Array:
    """Every file is its own group."""
    return np.arange(len(found))


def by_content(found: Listing) -> Int64Array:
    return np.unique(found.hashes, return_inverse=True)[1]


def split(folder: Path, seed: int = 1) -> Splits:
    parts = list_parts(folder)
    hashes = [content for part in parts.values() for content in part.hashes]
    groups = Groups("content", np.unique(hashes, return_inverse=True)[1])
    return divide(parts, groups, CONFIG, seed)


@pytest.fixture
def divided(images: Path, tmp_path: Path) -> Path:
    """A copy of ``train`` and ``test`` that a test may change."""
    return Path(shutil.copytree(images, tmp_path / "set"))


def test_every_class_is_divided_in_the_same_shares() -> None:
    found = listing(100, 50, 10)
    parts = carve(found, alone(found), SHARES, seed=5)
    assert found.subset(parts["validation"]).counts.tolist() == [20, 10, 2]
    assert found.subset(parts["test"]).counts.tolist() == [10, 5, 1]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(160))


@pytest.mark.parametrize("fractions", [(0.15, 0.15), (0.45, 0.45), (0.01, 0.01)])
@pytest.mark.parametrize("count", [3, 4, 5])
def test_every_part_gets_one_image_at_least(count: int, fractions: tuple[float, float]) -> None:
    found = listing(count, 40)
    shares = dict(zip(("validation", "test"), fractions, strict=True))
    for indices in carve(found, alone(found), shares, seed=5).values():
        assert found.subset(indices).counts.min() >= 1


def test_the_split_follows_its_seed() -> None:
    found = listing(50, 50)
    first, again, other = (
        carve(found, alone(found), {"test": 0.2}, seed)["test"].tolist() for seed in (5, 5, 6)
    )
    assert first == again != other


@given(
    st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12), min_size=2, max_size=5),
    st.integers(0, 9),
)
def test_groups_stay_whole_and_every_image_has_one_part(
    classes: list[list[int]], seed: int
) -> None:
    found, groups = grouped(*classes)
    parts = carve(found, groups, SHARES, seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(found)))
    for one, other in combinations(parts.values(), 2):
        assert not set(groups[one]) & set(groups[other])
    lies_in = {name: found.subset(indices).counts > 0 for name, indices in parts.items()}
    for target, sizes in enumerate(classes):
        wanted = {1: ("train",), 2: ("train", "test")}.get(len(sizes), tuple(parts))
        assert [name for name in parts if lies_in[name][target]] == [
            name for name in parts if name in wanted
        ]


def test_groups_that_span_classes_stay_whole() -> None:
    found = listing(60, 60, 60)
    # Every fifth image of a class shows the same as that of the others.
    groups = np.arange(180)
    groups[60:120:5] = groups[120:180:5] = groups[:60:5]
    parts = carve(found, groups, SHARES, seed=2)
    for one, other in combinations(parts.values(), 2):
        assert not set(groups[one]) & set(groups[other])
    assert found.subset(parts["validation"]).counts == pytest.approx(12, abs=2)
    assert found.subset(parts["test"]).counts == pytest.approx(6, abs=2)


def test_parts_get_groups_of_all_sizes() -> None:
    sizes = [1] * 60 + [2] * 30 + [6] * 20 + [12] * 10
    found, groups = grouped(sizes, sizes)
    large = np.bincount(groups)[groups] >= 6
    shares = []
    for seed in range(20):
        test = carve(found, groups, {"validation": 0.2, "test": 0.2}, seed)["test"]
        shares.append(large[test].mean())
        assert len(test) == pytest.approx(0.2 * len(found), abs=2)
    assert np.mean(shares) == pytest.approx(large.mean(), abs=0.04)


def test_a_group_that_fits_nowhere_goes_where_most_room_is() -> None:
    found, groups = grouped([70, 1, 1, 1, 1, 1, 1, 1, 1, 1], [40] * 10)
    parts = carve(found, groups, SHARES, seed=1)
    assert 0 in groups[parts["train"]]


def test_files_of_the_same_content_stay_together() -> None:
    found = listing(60, 60, copies=3)
    parts = carve(found, by_content(found), {"validation": 0.3, "test": 0.2}, seed=1)
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
    test = carve(found, by_content(found), {"test": 0.25}, seed=1)["test"]
    assert len({hashes[i] for i in test}) == len(test) == 10


def test_a_class_of_one_group_is_only_trained_on() -> None:
    found, groups = grouped([5] * 10, [2] * 20, [30])
    parts = {"train": found}
    splits = divide(parts, Groups("folder", groups), CONFIG, seed=1)
    assert splits.train.counts[2] == 30
    assert splits.validation.counts[:2].all() and splits.test.counts[:2].all()


@pytest.mark.parametrize("classes", [([20], [3] * 10), ([20, 5], [30]), ([20, 5], [3, 30])])
def test_a_split_that_measures_less_than_two_classes_is_refused(
    classes: tuple[list[int], ...],
) -> None:
    found, groups = grouped(*classes)
    splits = divide({"train": found}, Groups("auto", groups), CONFIG, seed=1)
    with pytest.raises(DatasetError, match=r"of at least 2 classes.*group_by = auto.*--group-by"):
        require_measurable(splits)


def test_class_folders_are_divided_into_three_parts(images: Path) -> None:
    splits = split(images / "train")
    assert list(splits.fractions) == ["validation", "test"]
    counts = [part.counts.tolist() for part in (splits.train, splits.validation, splits.test)]
    assert counts == [[28] * 3, [8] * 3, [4] * 3]


def test_a_test_folder_is_taken_as_it_is(divided: Path) -> None:
    splits = split(divided)
    assert list(splits.fractions) == ["validation"]
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (96, 24, 30)
    assert splits.test.root == divided / "test"


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Validation"])
def test_a_validation_folder_has_several_names(divided: Path, name: str) -> None:
    shutil.copytree(divided / "test", divided / name)
    splits = split(divided)
    assert splits.fractions == {}
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (120, 30, 30)


def test_two_validation_folders_are_refused(divided: Path) -> None:
    for name in ("val", "valid"):
        shutil.copytree(divided / "test", divided / name)
    with pytest.raises(DatasetError, match="both val and valid are for validation"):
        split(divided)


def test_a_folder_that_is_no_part_is_refused(divided: Path) -> None:
    shutil.copytree(divided / "test", divided / "extra")
    with pytest.raises(DatasetError, match="extra: beside train only folders called train, val"):
        split(divided)


def test_parts_without_a_training_part_are_refused(divided: Path) -> None:
    (divided / "train").rename(divided / "val")
    with pytest.raises(DatasetError, match="there is no folder train beside test, val"):
        split(divided)


def test_an_image_beside_the_class_folders_of_train_is_refused(divided: Path) -> None:
    stray = next((divided / "train").rglob("*.png"))
    stray.rename(divided / "train" / stray.name)
    with pytest.raises(DatasetError, match="lies beside class folders; move it into its class"):
        split(divided)


def test_memory_does_not_grow_with_groups_times_classes() -> None:
    classes = 2_000
    targets = np.repeat(np.arange(classes), 4)
    names = tuple(map(str, range(len(targets))))
    labels = tuple(map(str, range(classes)))
    found = Listing(Path("set"), labels, names, targets, names)
    tracemalloc.start()
    carve(found, alone(found), SHARES, 1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < len(targets) * classes


def test_a_class_may_be_called_train(images: Path, tmp_path: Path) -> None:
    shutil.copytree(images / "train" / "red", tmp_path / "train")
    shutil.copytree(images / "train" / "blue", tmp_path / "tram")
    assert split(tmp_path).train.labels == ("train", "tram")


def test_a_label_in_test_that_train_never_had_is_named(divided: Path) -> None:
    (divided / "test" / "red").rename(divided / "test" / "rose")
    with pytest.raises(DatasetError, match=r"test: the training images have no class rose"):
        split(divided)


def test_a_class_that_test_does_not_have_is_only_not_measured(divided: Path) -> None:
    shutil.rmtree(divided / "test" / "green")
    splits = split(divided)
    assert splits.test.labels == splits.train.labels
    assert splits.test.counts.tolist() == [10, 0, 10]


def test_the_split_is_written_down_file_by_file(divided: Path) -> None:
    splits = split(divided, seed=7)
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
    assert written["group_by"] == "content"
    assert part["groups"] == splits.group_numbers["validation"].tolist()


def test_groups_are_known_part_by_part(divided: Path) -> None:
    shutil.copy(divided / "test" / "red" / "000.png", divided / "train" / "red" / "again.png")
    splits = split(divided)
    for name, part in splits.parts.items():
        assert len(splits.group_numbers[name]) == len(part)
    copy = splits.group_numbers["test"][splits.test.files.index("red/000.png")]
    others = np.concatenate([splits.group_numbers["train"], splits.group_numbers["validation"]])
    assert np.count_nonzero(others == copy) == 1
