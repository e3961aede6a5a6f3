from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import plain, textured
from training.inspection.contact_sheet import (
    MOST_HEIGHT,
    SIDE,
    choose,
    draw_sheet,
    draw_strip,
    jpeg,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label, colour in {"red": "red", "blue": "blue"}.items():
        (tmp_path / label).mkdir()
        for i in range(3):
            plain(colour, (40, 20)).save(tmp_path / label / f"{i}.png")
    return tmp_path


def test_the_choice_is_decided_by_the_seed() -> None:
    files = {label: [f"{label}/{i:03}" for i in range(100)] for label in ("a", "b")}
    assert choose(files, 1) == choose(files, 1)
    assert choose(files, 1) != choose(files, 2)
    assert [len(names) for names in choose(files, 1).values()] == [12, 12]
    assert choose(files, 1)["a"] == sorted(choose(files, 1)["a"])


def test_small_and_empty_classes_show_what_they_have() -> None:
    assert choose({"a": ["a/1"], "b": []}, 1) == {"a": ["a/1"], "b": []}


def test_of_many_classes_each_shows_fewer() -> None:
    chosen = choose({str(i): [f"{i}/{j}" for j in range(20)] for i in range(300)}, 1)
    assert {len(names) for names in chosen.values()} == {4}


def test_a_strip_shows_each_image_whole_and_in_order(folder: Path) -> None:
    strip = np.asarray(draw_strip([folder / "red/0.png", folder / "blue/0.png"]))
    assert strip.shape[0] == SIDE
    middle = strip[SIDE // 2]
    assert middle[SIDE // 2].tolist() == [255, 0, 0]
    assert middle[-SIDE // 2].tolist() == [0, 0, 255]
    # 40 x 20 pixels, so there is paper above and below.
    assert strip[2, SIDE // 2].tolist() == [255, 255, 255]


def test_a_file_that_is_gone_leaves_a_grey_square(folder: Path) -> None:
    strip = np.asarray(draw_strip([folder / "none.png"]))
    assert np.unique(strip).tolist() == [225]


def test_the_sheet_names_every_class_above_its_row(folder: Path) -> None:
    sheet = draw_sheet(folder, {"blue": ["blue/0.png"], "red": ["red/0.png", "red/1.png"]})
    pixels = np.asarray(sheet.convert("RGB"))
    half = len(pixels) // 2
    assert (pixels[:half] == [0, 0, 255]).all(axis=2).any()
    assert (pixels[half:] == [255, 0, 0]).all(axis=2).any()
    assert (pixels[:20] < 100).all(axis=2).any(), "the label is written"


def test_hundreds_of_classes_still_fit_on_a_jpeg(folder: Path) -> None:
    sheet = draw_sheet(folder, {str(i): [] for i in range(300)})
    assert sheet.height <= MOST_HEIGHT + SIDE
    assert sheet.width > sheet.height / 300
    assert jpeg(sheet).startswith(b"\xff\xd8")


def test_a_korean_label_is_drawn(folder: Path) -> None:
    korean, latin = (draw_sheet(folder, {label: []}) for label in ("고양이", ""))
    assert np.asarray(korean).tobytes() != np.asarray(latin).tobytes()


def test_a_strip_takes_all_kinds_of_images(tmp_path: Path) -> None:
    textured().convert("CMYK").save(tmp_path / "a.jpg")
    textured((300, 20)).convert("L").save(tmp_path / "b.png")
    assert isinstance(draw_strip([tmp_path / "a.jpg", tmp_path / "b.png"]), Image.Image)
