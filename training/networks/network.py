"""The network that every artifact holds: pixels in; logits, embedding and activation map out."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.networks.heads import Head
from training.networks.side_by_side import SideBySide


@dataclass(frozen=True)
class Normalisation:
    """What a trunk takes off each channel of uint8 pixels, and what it then divides by."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation of ImageNet: the field's convention, close enough for any
photographs, and what torchvision's weights expect."""

AS_THEY_ARE = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""For networks side by side, each of which normalises pixels in its own way."""


class Output(NamedTuple):
    """For a batch of N: what the ONNX graph returns, under these names."""

    logits: Tensor
    """[N, C]"""
    embedding: Tensor
    """[N, F], the pooled features, behind the neck."""
    cam: Tensor
    """[N, C, h, w], neck and head applied at every location; of a linear head without a neck its
    mean over h, w is ``logits``."""


class Network(nn.Module):
    """What an artifact's graph can be made from."""

    def forward(self, image: Tensor) -> Output:
        """``image``: a batch of uint8 RGB images [N, H, W, 3]."""
        raise NotImplementedError


class ConvNet(Network):
    """A trunk, global average pooling, a neck where the published network has one, and a head.

    Normalisation and the change of layout are part of the network, so they cannot differ between
    training and serving. Every ``image`` is a batch of uint8 RGB images [N, H, W, 3].
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        trunk: nn.Sequential,
        head: Head,
        *,
        neck: Head | None = None,
        normalisation: Normalisation = IMAGENET,
        mirror: bool = False,
    ) -> None:
        """``trunk``: normalised [N, 3, H, W] to features [N, F, h, w], a child for each stage.
        ``neck``: pretrained layers on pooled features, below the head.

        With ``mirror`` evaluation answers with the mean over the image and its mirror image.
        """
        super().__init__()
        self.trunk = trunk
        self.neck = Head() if neck is None else neck
        self.head = head
        self.mirror = mirror
        for name, values in (("mean", normalisation.mean), ("std", normalisation.std)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def stages(self) -> list[tuple[str, nn.Module]]:
        """The parts below the head by name, from the pixels up; together they are all of it."""
        stages = list(self.trunk.named_children())
        return [*stages, ("neck", self.neck)] if len(self.neck) else stages

    @property
    def widths(self) -> tuple[int, ...]:
        """How many of the pooled features each trunk gives."""
        if isinstance(self.trunk, SideBySide):
            return self.trunk.widths
        linear = next(layer for layer in self.head if isinstance(layer, nn.Linear))
        return (linear.in_features,)

    def forward(self, image: Tensor) -> Output:
        """Everything the artifact's graph returns; meant for evaluation mode."""
        if self.mirror and not self.training:
            return self._mirrored(image)
        return self._outputs(image)

    def logits(self, image: Tensor) -> Tensor:
        """[N, C], all that a loss needs: neither a map nor the mirror image."""
        out: Tensor = self.head(self.embed(image))
        return out

    def embed(self, image: Tensor) -> Tensor:
        """[N, F], the pooled features of the image as it is, behind the neck."""
        return self.pooled(self._features(image))

    def pooled(self, features: Tensor) -> Tensor:
        """[N, F], behind the neck, of ``features`` [N, F, h, w]: what the trunk gives."""
        out: Tensor = self.neck(features.mean(dim=(2, 3)))
        return out

    def normalised(self, image: Tensor) -> Tensor:
        """[N, 3, H, W], what the trunk takes."""
        # Without contiguous() torch.export ties the batch size to the strides of the example.
        pixels = image.permute(0, 3, 1, 2).contiguous().float()
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        return (pixels - self.mean) / self.std

    def _features(self, image: Tensor) -> Tensor:
        features: Tensor = self.trunk(self.normalised(image))
        return features

    def _outputs(self, image: Tensor) -> Output:
        features = self._features(image)
        embedding = self.pooled(features)
        cam = self.head.at_locations(self.neck.at_locations(features))
        return Output(self.head(embedding), embedding, cam)

    def _mirrored(self, image: Tensor) -> Output:
        """Both views in one batch: one pass over the weights instead of two."""
        logits, embedding, cam = self._outputs(torch.cat([image, image.flip(2)]))
        direct, flipped = cam.reshape(2, -1, *cam.shape[1:]).unbind()
        return Output(
            logits.reshape(2, -1, *logits.shape[1:]).mean(dim=0),
            embedding.reshape(2, -1, *embedding.shape[1:]).mean(dim=0),
            (direct + flipped.flip(3)) / 2,
        )
