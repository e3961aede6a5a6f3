import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.training.conftest import SIDE
from training.data.listing import Listing, list_images
from training.data.upright_images import load_upright_images, scale
from training.errors import DatasetError
from visionflow.images.pipeline import decode


@pytest.fixture
def listing(images: Path, tmp_path: Path) -> Listing:
    """Thirty square images, a wide one among them and one that lies on its side."""
    folder = Path(shutil.copytree(images / "test", tmp_path / "set"))
    noise = Image.effect_noise((3 * SIDE, SIDE), 90).convert("RGB")
    noise.save(folder / "blue" / "004.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    noise.save(folder / "red" / "002.jpg", exif=exif)
    return list_images(folder)


@pytest.mark.parametrize("cached", [True, False])
def test_images_are_whole_and_upright(listing: Listing, tmp_path: Path, cached: bool) -> None:
    for _ in range(2):
        images = load_upright_images(listing, SIDE, tmp_path / "cache" if cached else None)
        assert len(images) == 31
        for i in range(31):
            image = decode(listing.path(i).read_bytes()).upright()
            np.testing.assert_array_equal(images[i], np.asarray(image))
    assert images[4].shape == (SIDE, 3 * SIDE, 3)
    assert images[22].shape == (3 * SIDE, SIDE, 3)


def test_the_shorter_side_is_scaled_and_the_proportion_kept(listing: Listing) -> None:
    images = load_upright_images(listing, 10)
    assert images[0].shape == (10, 10, 3)
    assert images[4].shape == (10, 30, 3)


def test_the_ends_of_a_sliver_are_left_out() -> None:
    gradient = Image.linear_gradient("L").resize((4000, 10)).convert("RGB")
    assert scale(gradient, 5).shape == (5, 20, 3)


def test_the_cache_knows_the_scale(listing: Listing, tmp_path: Path) -> None:
    load_upright_images(listing, SIDE, tmp_path)
    assert load_upright_images(listing, 10, tmp_path)[0].shape == (10, 10, 3)


def test_a_corrupt_image_is_named(listing: Listing) -> None:
    listing.path(5).write_bytes(b"no image at all")
    with pytest.raises(DatasetError, match=r"blue.005\.png \(This is text, .+ Remove or replace"):
        load_upright_images(listing, SIDE)
