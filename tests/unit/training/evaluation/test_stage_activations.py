import numpy as np
import torch
from torch import nn

from training.evaluation.stage_activations import (
    MOST_PIXELS,
    MOST_STAGES,
    channel_grid,
    stage_activations,
)
from training.networks.heads import linear_head
from training.networks.network import ConvNet
from training.results.data_url import pixels_of
from training.results.findings import COLUMNS, ROWS


def network(stages: int) -> ConvNet:
    torch.manual_seed(0)
    trunk = nn.Sequential()
    for i in range(stages):
        stride = 2 if i == 0 else 1
        trunk.add_module(f"stage{i}", nn.Conv2d(3 if i == 0 else 4, 4, 3, stride, padding=1))
    return ConvNet(trunk, linear_head(4, 2))


def test_every_stage_shows_its_maps() -> None:
    model = network(2)
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    first, second = stage_activations(model, image)
    assert (first.stage, first.channels, first.height, first.width) == ("stage0", 4, 8, 8)
    assert second.stage == "stage1"
    with torch.inference_mode():
        pixels = (torch.from_numpy(image[None]).permute(0, 3, 1, 2) - model.mean) / model.std
        expected = channel_grid(model.trunk[0](pixels)[0].numpy())
    assert np.array_equal(pixels_of(first.grid), expected)
    assert not any(stage._forward_hooks for _, stage in model.stages())


class Tokens(nn.Module):
    """A class token ahead of the pixels in their order."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.cat([pixels.new_zeros(len(pixels), 1, 3), pixels.flatten(2).mT], dim=1)


class Map(nn.Module):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = tokens[:, 1:].mT.unflatten(2, (4, 4))
        return maps


def test_tokens_are_shown_as_the_map_of_their_patches() -> None:
    model = ConvNet(nn.Sequential(Tokens(), Map()), linear_head(3, 2))
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    first, second = stage_activations(model, image)
    assert (first.channels, first.height, first.width) == (3, 4, 4)
    assert first.grid == second.grid


def test_of_a_deep_network_stages_from_first_to_last_are_shown() -> None:
    stages = stage_activations(network(20), np.zeros((16, 16, 3), np.uint8))
    assert len(stages) == MOST_STAGES
    assert (stages[0].stage, stages[-1].stage) == ("stage0", "stage19")


def test_the_liveliest_channels_come_first_each_from_black_to_white() -> None:
    maps = np.zeros((40, 4, 4), np.float32)
    maps[3] = 9
    maps[7, :2] = -3
    maps[30, 0, 0] = 2
    grid = channel_grid(maps)
    assert grid.shape == (ROWS * 5 - 1, COLUMNS * 5 - 1)
    assert (grid[:2, :4] == 0).all() and (grid[2:4, :4] == 255).all()
    assert grid[0, 5] == 255 and (grid[1:4, 5:9] == 0).all()
    # The same value everywhere is nothing to see.
    assert (grid[:4, 10:14] == 0).all()


def test_large_maps_are_reduced() -> None:
    grid = channel_grid(np.ones((1, 112, 112), np.float32))
    assert max(grid.shape) <= MOST_PIXELS
