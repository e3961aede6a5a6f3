import json
import multiprocessing
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from training.data.grouping import saved_groups
from training.data.grouping.group_images import group_images
from training.data.grouping.saved_groups import GROUPS_FILE, load_groups
from training.data.listing import Int64Array, Listing
from training.data.split import list_parts
from training.errors import DatasetError


def load(images: Path, run: Path, by: str = "content") -> list[int]:
    return list(map(int, load_groups(list_parts(images), by, images, run).numbers))


def regroup(monkeypatch: pytest.MonkeyPatch, numbers: list[int]) -> None:
    """Stands for a machine on which features come out differently."""

    def other(*_: object) -> object:
        return np.array(numbers)

    monkeypatch.setattr(saved_groups, "group_images", other)


def test_groups_are_kept_with_the_run(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load(images, tmp_path / "run")
    assert found == list(range(150))
    regroup(monkeypatch, [0] * 150)
    assert load(images, tmp_path / "run") == found
    assert load(images, tmp_path / "other run") == [0] * 150


def test_groups_of_other_images_or_another_rule_are_not_taken(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(images, tmp_path)
    regroup(monkeypatch, [0] * 150)
    assert load(images, tmp_path, "exif-minute") == [0] * 150
    load(images, tmp_path, "content")
    assert load(images / "train", tmp_path) == [0] * 150


def test_a_table_that_changed_groups_anew(images: Path, tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    parts = list_parts(images)
    first = [part.path(0).relative_to(images) for part in parts.values()]
    table.write_text(f"file,group\n{first[0]},x\n")
    assert len(set(load(images, tmp_path / "run", f"csv:{table}"))) == 150
    table.write_text("".join(["file,group\n", *(f"{name},x\n" for name in first)]))
    assert len(set(load(images, tmp_path / "run", f"csv:{table}"))) == 149


@pytest.mark.parametrize("content", ["{", "[]", '{"key": 1}'])
def test_a_damaged_file_is_made_anew(images: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / GROUPS_FILE).write_text(content)
    assert load(images, tmp_path) == list(range(150))
    assert len(json.loads((tmp_path / GROUPS_FILE).read_text())["numbers"]) == 150


def test_a_folder_that_cannot_be_written_is_named(images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="file"):
        load(images, tmp_path / "file" / "run")


def _load_counted(images: Path, run: Path) -> None:
    def counted(
        parts: Mapping[str, Listing], by: str, folder: Path, cache: Path | None
    ) -> Int64Array:
        with (run / "computed").open("a") as file:
            file.write("x")
        return group_images(parts, by, folder, cache)

    # Only this process sees it: it is a child.
    pytest.MonkeyPatch().setattr(saved_groups, "group_images", counted)
    load(images, run)


def test_of_several_processes_one_computes(images: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_load_counted, args=(images, tmp_path)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "computed").read_text() == "x"


def test_features_may_be_kept_in_the_same_folder(images: Path, tmp_path: Path) -> None:
    parts = {"train": list_parts(images)["train"].subset(np.array([0, 1, 50, 100]))}
    groups = load_groups(parts, "auto", images, tmp_path, tmp_path)
    assert len(groups.numbers) == 4
    assert list(tmp_path.glob("*.features"))
