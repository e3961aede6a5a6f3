"""The output of each stage of a network for one image."""

import math
from typing import Any

import numpy as np
import torch
from PIL import Image

from training.networks.network import ConvNet
from training.results.data_url import data_url
from training.results.findings import COLUMNS, ROWS, StageActivations
from visionflow.answers.classifier import FloatArray
from visionflow.images.pipeline import UInt8Array

MOST_STAGES = 8
MOST_PIXELS = 32
_GAP = 1
_WHITE = 255


def stage_activations(network: ConvNet, image: UInt8Array) -> tuple[StageActivations, ...]:
    """Run ``image`` [H, W, 3] through ``network`` and keep what leaves its stages.

    Tokens of a vision transformer are shown as the map of their patches. Of a network with more
    than `MOST_STAGES` stages, evenly spaced ones are kept, including first and last.
    """
    stages = list(network.trunk.named_children())
    places = np.linspace(0, len(stages) - 1, min(len(stages), MOST_STAGES)).round().astype(int)
    kept: dict[str, FloatArray] = {}

    def keep(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
            kept[name] = output[0].float().cpu().numpy()

        return hook

    network.eval()
    hooks = [stages[i][1].register_forward_hook(keep(stages[i][0])) for i in places]
    try:
        with torch.inference_mode():
            network.embed(torch.from_numpy(image[None].copy()).to(network.mean.device))
    finally:
        for hook in hooks:
            hook.remove()
    # What leaves the last stage is a map in every network.
    grid = kept[stages[-1][0]].shape[1:]
    return tuple(
        StageActivations(name, channels, height, width, data_url(channel_grid(maps), "PNG"))
        for name, maps in ((name, _as_map(output, grid)) for name, output in kept.items())
        for channels, height, width in [maps.shape]
    )


def _as_map(output: FloatArray, grid: tuple[int, ...]) -> FloatArray:
    """[C, h, w] of it, or of tokens [T, C], the last of which are the patches of ``grid``."""
    if output.ndim == 3:
        return output
    patches = output[-math.prod(grid) :]
    return patches.T.reshape(-1, *grid)


def channel_grid(maps: FloatArray) -> UInt8Array:
    """The ``maps`` [C, h, w] of the highest deviation as tiles, the highest first."""
    count = min(len(maps), ROWS * COLUMNS)
    liveliest = np.argsort(-maps.std(axis=(1, 2)), kind="stable")[:count]
    columns = min(count, COLUMNS)
    tiles = [_tile(maps[channel]) for channel in liveliest]
    height, width = tiles[0].shape
    rows = -(-count // columns)
    shape = (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP)
    grid = np.full(shape, _WHITE, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = (height + _GAP) * (place // columns), (width + _GAP) * (place % columns)
        grid[top : top + height, left : left + width] = tile
    return grid


def _tile(channel: FloatArray) -> UInt8Array:
    raised = channel - channel.min()
    peak = raised.max()
    grey = (255 * raised / peak if peak > 0 else raised).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).reduce(-(-max(grey.shape) // MOST_PIXELS)))
