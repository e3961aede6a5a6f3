"""Random changes of training images, most by torchvision.transforms.v2."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from training.config import AugmentConfig
from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec

GREY = (124, 116, 104)
"""ImageNet's mean colour, which is zero after normalisation."""

_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
"""Luma and two axes of colour, of RGB: NTSC's."""
_FROM_YIQ = torch.linalg.inv(_YIQ)


def image_transform(config: AugmentConfig, spec: InputSpec) -> v2.Transform:
    """From a whole image, uint8 [3, height, width], to uint8 [3, size, size]; flips come apart.

    Raises `ConfigError` for a border that is wider than the image.
    """
    steps: list[v2.Transform] = [_crop(config, spec)]
    if strength := config.color_jitter:
        steps.append(ColourChange(strength))
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


class ColourChange(nn.Module):
    """Another brightness, contrast, saturation and hue, all by one matrix.

    As `v2.ColorJitter`, whose four passes take most of the time of an image's preparation, with two
    differences: colours are cut off at black and white once, at the end, and hues turn in the plane
    of YIQ instead of HSV's hexagon. Both leave the luma as it is, so the order does not matter.
    """

    def __init__(self, strength: float) -> None:
        """Factors within ``strength`` of 1; hues within ``strength / 4`` of a full turn."""
        super().__init__()
        self._strength = strength

    def forward(self, image: Tensor) -> Tensor:
        """uint8 [3, H, W] to the same."""
        draws = torch.rand(4) * 2 - 1
        brightness, contrast, saturation = (1 + self._strength * draws[:3]).tolist()
        turn = float(draws[3]) * self._strength / 4 * 2 * math.pi
        cosine, sine = saturation * math.cos(turn), saturation * math.sin(turn)
        rotation = torch.tensor([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
        matrix = brightness * contrast * (_FROM_YIQ @ rotation @ _YIQ)
        pixels = image.float()
        grey = _YIQ[0] @ pixels.mean(dim=(1, 2))
        shift = (brightness * (1 - contrast) * grey).expand(3)
        changed = functional.conv2d(pixels[None], matrix[:, :, None, None], shift)[0]
        return changed.round_().clamp_(0, 255).to(torch.uint8)


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
