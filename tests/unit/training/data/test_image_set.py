import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.training.conftest import SIDE
from training.data.image_set import load_images
from training.data.listing import list_images
from training.errors import DatasetError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import load

SPEC = InputSpec(SIDE, SIDE)


@pytest.fixture
def folder(images: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(images / "test", tmp_path / "set"))


def test_every_image_is_what_the_served_model_sees(folder: Path) -> None:
    Image.effect_noise((40, 25), 90).convert("RGB").save(folder / "blue" / "005.png")
    listing = list_images(folder)
    images = load_images(listing, SPEC)
    assert images.labels == ("blue", "green", "red")
    assert images.files == listing.files
    np.testing.assert_array_equal(images.targets, listing.targets)
    for i, image in enumerate(images.images):
        np.testing.assert_array_equal(image, load(listing.path(i).read_bytes(), SPEC))


def test_a_subset_keeps_images_targets_and_names_together(folder: Path) -> None:
    images = load_images(list_images(folder), SPEC)
    some = images.subset(np.array([25, 3]))
    assert (some.files, some.targets.tolist()) == (("red/005.png", "blue/003.png"), [2, 0])
    np.testing.assert_array_equal(some.images, images.images[[25, 3]])


def test_the_cache_answers_with_the_same_images(folder: Path, tmp_path: Path) -> None:
    listing = list_images(folder)
    first = load_images(listing, SPEC, tmp_path / "cache")
    shutil.rmtree(folder)
    again = load_images(listing, SPEC, tmp_path / "cache")
    np.testing.assert_array_equal(first.images, again.images)
    assert len(again) == 30


def test_the_cache_knows_content_and_spec(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_images(list_images(folder), SPEC, cache)
    smaller = load_images(list_images(folder), InputSpec(8, 10), cache)
    assert smaller.images.shape == (30, 8, 8, 3)
    shutil.copy(folder / "red" / "000.png", folder / "blue" / "000.png")
    changed = load_images(list_images(folder), SPEC, cache).images
    np.testing.assert_array_equal(changed[0], changed[20])


def test_a_changed_array_does_not_change_the_cache(folder: Path, tmp_path: Path) -> None:
    listing = list_images(folder)
    images = load_images(listing, SPEC, tmp_path / "cache").images
    images[:] = 0
    assert load_images(listing, SPEC, tmp_path / "cache").images.any()


@pytest.mark.parametrize("cached", [True, False])
def test_a_corrupt_image_is_named_and_leaves_no_cache(
    folder: Path, tmp_path: Path, cached: bool
) -> None:
    broken = folder / "green" / "007.png"
    broken.write_bytes(broken.read_bytes()[:100])
    cache = tmp_path / "cache" if cached else None
    with pytest.raises(DatasetError, match=r"green.007\.png \(.+ Remove or replace the files"):
        load_images(list_images(folder), SPEC, cache)
    assert not list((tmp_path / "cache").glob("[!.]*"))


def test_a_listing_of_other_files_is_another_set(folder: Path, tmp_path: Path) -> None:
    listing = list_images(folder)
    load_images(listing, SPEC, tmp_path)
    renamed = replace(listing, files=tuple(f"x{name}" for name in listing.files))
    with pytest.raises(DatasetError, match="cannot be read"):
        load_images(renamed, SPEC, tmp_path)
