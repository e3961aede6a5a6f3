"""Random crops, flips and cutout on whole uint8 batches: a few gathers instead of a loop."""

import torch
from torch import Tensor

from training.config import AugmentConfig


def augment(batch: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Shift, flip and cut squares out of pictures, each picture its own way.

    ``batch``: uint8 [N, H, W, 3]; returns the same shape and type. Randomness comes from
    ``generator`` alone, on the CPU, so a run repeats whatever the device.
    """
    n, height, width, _ = batch.shape
    pad = config.crop_padding
    top, left = torch.randint(0, 2 * pad + 1, (2, n, 1), generator=generator)
    rows = top + torch.arange(height)
    columns = torch.arange(width).expand(n, width)
    if config.horizontal_flip:
        flip = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(flip, width - 1 - columns, columns)
    columns = left + columns
    # Mirror the border by mirroring indices: no padded copy of the batch is made.
    rows, columns = _reflect(rows - pad, height), _reflect(columns - pad, width)
    picture = torch.arange(n)[:, None, None]
    out = batch[picture, rows[:, :, None], columns[:, None, :]]
    if config.cutout:
        out = _cut_out(out, config.cutout, generator)
    return out


def _reflect(index: Tensor, length: int) -> Tensor:
    index = index.abs()
    return torch.where(index >= length, 2 * (length - 1) - index, index)


def _cut_out(batch: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Paint a square of mid-grey with its centre anywhere (DeVries & Taylor, arXiv:1708.04552)."""
    n, height, width, _ = batch.shape
    centre_y = torch.randint(0, height, (n, 1), generator=generator)
    centre_x = torch.randint(0, width, (n, 1), generator=generator)
    rows = _within(torch.arange(height) - centre_y + side // 2, side)
    columns = _within(torch.arange(width) - centre_x + side // 2, side)
    mask = rows[:, :, None] & columns[:, None, :]
    return batch.masked_fill(mask[..., None], 128)


def _within(offset: Tensor, side: int) -> Tensor:
    return (offset >= 0) & (offset < side)
