from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from tests.unit.training.conftest import SIDE, shrunken_config
from training.data.augment import GREY, ColourChange, Mix, image_transform
from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec

PLAIN: dict[str, Any] = {
    "augment__crop_padding": 0,
    "augment__random_erasing": 0.0,
}
IMAGE = torch.arange(SIDE * SIDE * 3).reshape(3, SIDE, SIDE).remainder(251).byte()
WIDE = torch.arange(3 * 20 * 50).reshape(3, 20, 50).remainder(251).byte()


def transformed(image: Tensor, times: int = 40, **fields: Any) -> list[Tensor]:
    config = shrunken_config(**{**PLAIN, **fields})
    transform = image_transform(config.augment, config.input)
    torch.manual_seed(0)
    results = [transform(image) for _ in range(times)]
    assert {(result.dtype, result.shape) for result in results} == {
        (torch.uint8, (3, SIDE, SIDE)),
    }
    return results


def windows(image: Tensor) -> list[Tensor]:
    """Every crop that there is."""
    _, height, width = image.shape
    return [
        image[:, top : top + SIDE, left : left + SIDE]
        for top in range(height - SIDE + 1)
        for left in range(width - SIDE + 1)
    ]


def test_without_any_change_images_stay_as_they_are() -> None:
    assert all(torch.equal(result, IMAGE) for result in transformed(IMAGE))


def test_a_padded_crop_is_a_window_behind_a_mirrored_border() -> None:
    padded = torch.nn.functional.pad(IMAGE.float(), (3,) * 4, mode="reflect").byte()
    crops = windows(padded)
    found = {
        next(i for i, crop in enumerate(crops) if torch.equal(result, crop))
        for result in transformed(IMAGE, augment__crop_padding=3)
    }
    assert len(found) > 20


def test_a_random_crop_is_a_window_of_the_whole_image() -> None:
    crops = windows(WIDE)
    found = {
        next(i for i, crop in enumerate(crops) if torch.equal(result, crop))
        for result in transformed(WIDE, augment__crop="random")
    }
    assert len(found) > 20


def test_a_resized_crop_keeps_at_least_its_share() -> None:
    # Red rises from left to right: the span of it tells how much of the width was kept.
    ramp = torch.linspace(0, 250, 64).expand(3, 64, 64).byte()
    spans = [
        int(result.max()) - int(result.min())
        for result in transformed(ramp, augment__crop="resized", augment__crop_scale=0.5)
    ]
    assert min(spans) > 250 * 0.5
    assert max(spans) - min(spans) > 30


def test_colour_jitter_moves_colours_and_not_places() -> None:
    squares = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)
    squares[:, :8] = torch.tensor([200, 60, 60], dtype=torch.uint8)[:, None, None]
    results = transformed(squares, augment__color_jitter=0.4)
    assert len({result.numpy().tobytes() for result in results}) > 30
    for result in results:
        assert torch.equal(result[:, :8], result[:, :1, :1].expand(3, 8, SIDE))
    # Only another hue tells green from blue, which were the same.
    assert sum(bool(result[1, 0, 0] != result[2, 0, 0]) for result in results) > 20


@pytest.mark.parametrize("kind", ["brightness", "contrast", "saturation", "hue"])
def test_a_colour_change_is_that_of_torchvision(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ["brightness", "contrast", "saturation", "hue"].index(kind)
    draws = torch.full((4,), 0.5)
    draws[place] = 0.75  # half of the strength up
    monkeypatch.setattr(torch, "rand", lambda _count: draws)
    # Colours in the middle, which nothing is cut off from; greyish, where both circles are close.
    image = (IMAGE.float() / 8 + 100).to(torch.uint8)
    found = ColourChange(0.2)(image).int()
    expected = getattr(v2.functional, f"adjust_{kind}")(image, 0.025 if kind == "hue" else 1.1)
    assert (found - expected.int()).abs().max() <= (8 if kind == "hue" else 1)
    assert not torch.equal(found, image.int())


def test_trivial_augment_changes_most_images() -> None:
    results = transformed(IMAGE, augment__trivial_augment=True)
    assert len({result.numpy().tobytes() for result in results}) > 20


def test_erasing_paints_one_grey_rectangle() -> None:
    grey = torch.tensor(GREY, dtype=torch.uint8)[:, None, None]
    changed = 0
    for result in transformed(torch.zeros_like(IMAGE), augment__random_erasing=0.5):
        painted = (result == grey).all(dim=0)
        assert torch.equal(result != 0, painted.expand(3, SIDE, SIDE))
        rows, columns = painted.any(dim=1), painted.any(dim=0)
        assert painted.sum() == rows.sum() * columns.sum()
        changed += bool(painted.any())
    assert 10 < changed < 30


def test_a_border_wider_than_the_image_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"augment\.crop_padding must be below input\.resize"):
        image_transform(shrunken_config(augment__crop_padding=16).augment, InputSpec(16, 16))


def mixed(**fields: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Images of one value each, what mixing makes of them, and the shares of the classes."""
    images = torch.tensor([10, 50, 90, 130, 170], dtype=torch.uint8)
    images = images[:, None, None, None].expand(5, 3, SIDE, SIDE).contiguous()
    mix = Mix(shrunken_config(**fields).augment, classes=5)
    assert mix
    return images, *mix(images, torch.arange(5))


def test_mixup_blends_each_image_with_the_one_before_it() -> None:
    torch.manual_seed(0)
    images, blended, shares = mixed(augment__mixup=1.0)
    assert blended.dtype == torch.uint8 and blended.shape == images.shape
    share = shares.diagonal()[:, None, None, None]
    expected = share * images + (1 - share) * images.roll(1, 0)
    torch.testing.assert_close(blended.float(), expected, atol=0.51, rtol=0)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(5))


def test_cutmix_pastes_a_rectangle_of_the_one_before_it() -> None:
    torch.manual_seed(1)
    images, pasted, shares = mixed(augment__cutmix=1.0)
    own = pasted == images
    assert torch.equal(~own, pasted == images.roll(1, 0))
    torch.testing.assert_close(own.float().mean(dim=(1, 2, 3)), shares.diagonal())
    assert 0 < shares[0, 0] < 1


def test_with_both_some_batches_take_one_and_some_the_other() -> None:
    torch.manual_seed(0)
    pasted = []
    for _ in range(20):
        images, result, _ = mixed(augment__mixup=1.0, augment__cutmix=1.0)
        pasted.append(bool(((result == images) | (result == images.roll(1, 0))).all()))
    assert any(pasted) and not all(pasted)


def test_nothing_is_mixed_unless_asked_for() -> None:
    assert not Mix(shrunken_config().augment, classes=5)
