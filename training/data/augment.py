"""Random changes of training images, all by torchvision.transforms.v2."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from training.config import AugmentConfig
from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec

GREY = (124, 116, 104)
"""ImageNet's mean colour, which is zero after normalisation."""


def image_transform(config: AugmentConfig, spec: InputSpec) -> v2.Transform:
    """From a whole image, uint8 [3, height, width], to uint8 [3, size, size].

    Raises `ConfigError` for a border that is wider than the image.
    """
    steps: list[v2.Transform] = [_crop(config, spec)]
    if config.horizontal_flip:
        steps.append(v2.RandomHorizontalFlip())
    if strength := config.color_jitter:
        steps.append(v2.ColorJitter(strength, strength, strength, strength / 4))
    if config.trivial_augment:
        steps.append(v2.TrivialAugmentWide(fill=list(GREY)))
    if config.random_erasing:
        steps.append(v2.RandomErasing(config.random_erasing, value=list(GREY)))
    return v2.Compose(steps)


def _crop(config: AugmentConfig, spec: InputSpec) -> v2.Transform:
    if config.crop == "resized":
        scale = (config.crop_scale, 1.0)
        return v2.RandomResizedCrop(spec.size, scale)
    if config.crop == "padded":
        if config.crop_padding >= spec.resize:
            raise ConfigError("config: augment.crop_padding must be below input.resize")
        return v2.RandomCrop(spec.size, config.crop_padding, padding_mode="reflect")
    return v2.RandomCrop(spec.size)


class Mix:
    """MixUp (arXiv:1710.09412), CutMix (arXiv:1905.04899) or, batch by batch, one of the two."""

    def __init__(self, config: AugmentConfig, classes: int) -> None:
        self._choices: list[v2.Transform] = []
        if config.mixup:
            self._choices.append(v2.MixUp(alpha=config.mixup, num_classes=classes))
        if config.cutmix:
            self._choices.append(v2.CutMix(alpha=config.cutmix, num_classes=classes))

    def __bool__(self) -> bool:
        return bool(self._choices)

    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mix each image of uint8 [N, 3, S, S] with the one before it.

        Returns uint8 [N, 3, S, S] and the shares of the classes, float32 [N, C].
        """
        transform = v2.RandomChoice(self._choices)
        # MixUp multiplies in place, which only floats can.
        mixed, shares = transform(images.float(), targets)
        return mixed.round_().to(torch.uint8), shares
