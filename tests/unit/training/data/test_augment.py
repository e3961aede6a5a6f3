import torch

from training.data.augment import augment
from training.config import AugmentConfig

PICTURES = torch.randint(1, 256, (6, 8, 8, 3), dtype=torch.uint8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_any_change_pictures_stay_as_they_are() -> None:
    config = AugmentConfig(crop_padding=0, horizontal_flip=False, cutout=0)
    assert torch.equal(augment(PICTURES, config, generator()), PICTURES)


def test_a_flip_mirrors_some_pictures_and_leaves_the_others() -> None:
    config = AugmentConfig(crop_padding=0, horizontal_flip=True, cutout=0)
    flipped = [
        torch.equal(after, before.flip(1))
        for before, after in zip(PICTURES, augment(PICTURES, config, generator()), strict=True)
    ]
    kept = [
        torch.equal(after, before)
        for before, after in zip(PICTURES, augment(PICTURES, config, generator()), strict=True)
    ]
    assert any(flipped) and any(kept)
    assert all(a != b for a, b in zip(flipped, kept, strict=True))


def test_a_shift_is_a_crop_of_the_picture_with_mirrored_border() -> None:
    pad = 2
    config = AugmentConfig(crop_padding=pad, horizontal_flip=False, cutout=0)
    planes = PICTURES.permute(0, 3, 1, 2).float()
    padded = torch.nn.functional.pad(planes, (pad,) * 4, mode="reflect").byte().permute(0, 2, 3, 1)
    for before, after in zip(padded, augment(PICTURES, config, generator()), strict=True):
        crops = [
            before[top : top + 8, left : left + 8]
            for top in range(2 * pad + 1)
            for left in range(2 * pad + 1)
        ]
        assert any(torch.equal(after, crop) for crop in crops)


def test_cutout_paints_one_square_grey() -> None:
    config = AugmentConfig(crop_padding=0, horizontal_flip=False, cutout=3)
    painted = (augment(PICTURES, config, generator()) != PICTURES).any(dim=3)
    for mask in painted:
        rows, columns = mask.any(dim=1).sum(), mask.any(dim=0).sum()
        assert 1 <= rows <= 3 and 1 <= columns <= 3


def test_the_same_generator_state_gives_the_same_pictures() -> None:
    config = AugmentConfig(crop_padding=2, horizontal_flip=True, cutout=3)
    first = augment(PICTURES, config, generator(4))
    assert torch.equal(first, augment(PICTURES, config, generator(4)))
    assert not torch.equal(first, augment(PICTURES, config, generator(5)))
