import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.images import encode, textured
from tests.unit.training.conftest import draw_set
from tests.unit.training.inspection.messy_set import SCRIPT, draw_messy_set
from training.data.grouping.group_images import group_images
from training.data.split import Groups, list_parts
from training.inspection.inspection import Inspection, inspect_folder, to_text
from training.inspection.inspection_page import page
from visionflow import strict
from visionflow.errors import ConfigError


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    return inspect_folder(draw_messy_set(tmp_path_factory.mktemp("messy")), "content")


def draw(folder: Path, names: list[str]) -> Path:
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(textured(seed=i)))
    return folder


def test_json_round_trip_is_strict(messy: Inspection) -> None:
    assert strict.parse_json(Inspection, messy.to_json(), "inspection") == messy
    document = json.loads(messy.to_json())
    del document["contents"]["imbalance"]
    with pytest.raises(ConfigError, match=r"contents: missing field imbalance"):
        strict.parse_json(Inspection, json.dumps(document), "inspection")


def test_the_text_says_what_is_there_and_what_to_do(messy: Inspection) -> None:
    text = to_text(messy)
    assert "77 images: train 69, validation 4, test 4" in text
    assert "the largest has 42.0 times the images of the smallest" in text
    assert "Exact duplicates, groups: 3, across parts: 1, across classes: 1." in text
    assert "PROBLEM unreadable (4)" in text
    assert "train/dog/bad/empty.jpg (image_empty)" in text
    assert SCRIPT in text
    for finding in messy.findings:
        assert finding.english in text


def test_the_text_of_a_sound_set_says_so(tmp_path: Path) -> None:
    names = [f"{label}/{i}.jpg" for label in ("a", "b") for i in range(20)]
    assert to_text(inspect_folder(draw(tmp_path, names), "content")).endswith(
        "Nothing to fix was found."
    )


def test_korean_class_names_keep_the_columns_in_line(tmp_path: Path) -> None:
    text = to_text(inspect_folder(draw(tmp_path, ["고양이/1.jpg", "a/1.jpg"]), "content"))
    short, long = text.splitlines()[1:3]
    assert short.index("#") == long.index("#") + len("고양이")


def test_a_file_name_that_is_no_text_stops_nothing(tmp_path: Path) -> None:
    folder = draw(tmp_path, ["a/1.jpg", "b/1.jpg"])
    broken = os.fsencode(folder / "a") + b"/\xff.jpg"
    Path(os.fsdecode(broken)).write_bytes(b"broken")
    inspection = inspect_folder(folder, "content")
    text = inspection.to_json()
    assert "a/?.jpg" in text
    assert strict.parse_json(Inspection, text.encode(), "inspection").to_json() == text
    assert "a/?.jpg (image_unreadable)" in to_text(inspection)
    assert r"a/\xff.jpg" in to_text(inspection)
    assert "PROBLEM names_not_text" in to_text(inspection)


def test_a_wrong_label_and_the_accuracies_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Noise of one colour would be one scene.
    monkeypatch.setattr(
        "training.inspection.scenes.load_groups",
        lambda parts, by, *_, **__: Groups(by, np.arange(len(parts["train"]))),
    )
    folder = tmp_path / "colours"
    draw_set(folder, per_class=30, seed=1)
    (folder / "red" / "000.png").rename(folder / "blue" / "wrong.png")
    (folder / "green" / "broken.png").write_bytes(b"broken")
    inspection = inspect_folder(folder, "auto")
    assert inspection.groups is not None
    assert inspection.groups.images == inspection.contents.images == 90
    assert inspection.labels.scores is not None
    first = inspection.labels.suspects[0]
    assert (first.file, first.label) == ("blue/wrong.png", "blue")
    assert (first.suggested, first.image) == ("red", None)
    text = to_text(inspection)
    assert f"{first.file}: {first.label} (" in text
    assert "split by file." in text
    html = page(inspection)
    assert first.file in html
    assert f"{inspection.labels.scores.random_top1:.1%}" in html


def test_labels_that_cannot_be_checked_are_said_to_be(tmp_path: Path) -> None:
    inspection = inspect_folder(draw(tmp_path, ["a/1.jpg", "b/1.jpg"]), "auto")
    assert inspection.labels.skipped == "fewer than two classes have images of two scenes"
    assert f"Labels were not checked: {inspection.labels.skipped}." in to_text(inspection)
    assert inspection.labels.skipped in page(inspection)


def test_a_set_without_a_readable_image_is_inspected(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"broken")
    inspection = inspect_folder(tmp_path, "auto")
    assert (inspection.groups, inspection.labels.skipped) == (None, "no image can be read")


def test_groups_are_those_of_the_images_that_can_be_read(tmp_path: Path) -> None:
    folder = draw(tmp_path, [f"{label}/p{i % 3}/{i}.jpg" for label in ("a", "b") for i in range(9)])
    (folder / "a" / "p0" / "broken.jpg").write_bytes(b"broken")
    inspection = inspect_folder(folder, "folder")
    assert inspection.groups is not None
    assert (inspection.groups.images, inspection.groups.groups) == (18, 3)
    assert "Groups of images that show the same thing (folder): 3, the largest with 6 images" in (
        to_text(inspection)
    )
    html = page(inspection)
    assert html.count("the largest has 6 images") == html.count("A split by file") == 1
    assert "5-8" in html


def test_groups_of_a_divided_set_are_those_that_training_finds(tmp_path: Path) -> None:
    parts = ("train", "test")
    names = [f"{part}/{label}/{i}.jpg" for part in parts for label in "ab" for i in "12"]
    folder = draw(tmp_path / "set", [*names, "train/a/p1/1.jpg", "test/b/p1/2.jpg"])
    groups = inspect_folder(folder, "folder").groups
    numbers = group_images(list_parts(folder), "folder", folder)
    assert groups is not None
    assert groups.groups == len(np.unique(numbers)) == 9
    assert [leak.examples for leak in groups.leaks] == [("test/b/p1/2.jpg",)]


@pytest.mark.parametrize("rule", ["scenes", "prefix:", "prefix:(", "csv:"])
def test_a_rule_that_is_none_is_refused_before_any_image_is_read(tmp_path: Path, rule: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.group_by"):
        inspect_folder(tmp_path / "none", rule)
