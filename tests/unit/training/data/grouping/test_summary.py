import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.conftest import shrunken_config
from tests.unit.training.data.test_split import CONFIG, grouped
from training.data.grouping.summary import summarize_groups, warnings
from training.data.split import Groups, divide
from training.data.training_data import load_training_data
from training.results.groups import GroupSize, GroupSummary, Leak


def summary_of(*classes: list[int]) -> GroupSummary:
    found, groups = grouped(*classes)
    parts = {"train": found}
    return summarize_groups(parts, divide(parts, Groups("auto", groups), CONFIG, seed=1))


def test_groups_are_counted_by_size() -> None:
    summary = summary_of([1] * 10 + [2] * 3, [3, 4, 9, 1, 1])
    assert (summary.by, summary.images, summary.groups, summary.largest) == ("auto", 34, 18, 9)
    assert summary.sizes == (
        GroupSize(1, 1, 12, 12),
        GroupSize(2, 2, 3, 6),
        GroupSize(3, 4, 2, 7),
        GroupSize(5, 8, 0, 0),
        GroupSize(9, 16, 1, 9),
    )


def test_a_split_by_file_would_leak_scenes_of_several_shots() -> None:
    summary = summary_of([6] * 20, [6] * 20)
    assert summary.would_leak_of == pytest.approx(0.3 * 240, abs=2)
    assert summary.would_leak / summary.would_leak_of > 0.95
    independent = summary_of([1] * 100, [1] * 100)
    assert (independent.would_leak, independent.would_leak_of) == (0, 60)
    assert not list(warnings(summary))


def test_classes_of_one_group_are_named() -> None:
    summary = summary_of([1] * 20, [5], [2] * 10)
    assert summary.single_group_labels == ("b",)
    (sentence,) = warnings(summary)
    assert "all show one thing: b." in sentence and "--group-by" in sentence


def test_leaks_against_given_parts_are_counted(images: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(images, tmp_path / "set"))
    for number in range(7):
        name = f"{number:03}.png"
        shutil.copy(folder / "test" / "red" / name, folder / "train" / "red" / f"t{name}")
    summary = load_training_data(folder, shrunken_config(), None).group_summary
    examples = tuple(f"test/red/00{number}.png" for number in range(5))
    assert summary.leaks == (Leak("test", 30, 7, examples),)
    (sentence,) = warnings(summary)
    assert sentence.startswith("7 of 30 test images show the same as training or validation images")
    assert "test/red/000.png" in sentence


def test_parts_that_were_carved_do_not_leak(images: Path) -> None:
    data = load_training_data(images, shrunken_config(), None)
    assert data.group_summary.leaks == ()
    numbers = data.group_numbers
    assert not np.isin(numbers["validation"], numbers["train"]).any()
    assert [len(numbers[name]) for name in ("train", "validation", "test")] == [90, 30, 30]
