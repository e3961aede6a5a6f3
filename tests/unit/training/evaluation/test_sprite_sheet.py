import io

import numpy as np
from PIL import Image

from training.evaluation.sprite_sheet import TILE_SIDE, sprite_sheet


def sheet_of(images: np.ndarray, chosen: list[int]) -> np.ndarray:
    content = sprite_sheet(images, np.array(chosen))
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_chosen_images_stand_row_by_row_in_their_order() -> None:
    greys = np.arange(0, 250, 25, dtype=np.uint8)
    images = np.broadcast_to(greys[:, None, None, None], (10, 16, 16, 3)).copy()
    sheet = sheet_of(images, [9, 0, 3, 7, 5])
    assert sheet.shape == (2 * 16, 3 * 16, 3)
    middles = [int(sheet[row * 16 + 8, column * 16 + 8, 0]) for row, column in np.ndindex(2, 3)]
    assert np.abs(np.array(middles[:5]) - greys[[9, 0, 3, 7, 5]]).max() < 6


def test_large_images_are_kept_small_enough_to_load_at_once() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 3), np.uint8)
    large = images.repeat(8, axis=1).repeat(8, axis=2)
    content = sprite_sheet(large, np.arange(4).repeat(200))
    with Image.open(io.BytesIO(content)) as sheet:
        assert sheet.size == (29 * TILE_SIDE, 28 * TILE_SIDE)
    assert len(content) < 2_000_000
