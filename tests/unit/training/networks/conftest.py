"""A model config to change with `dataclasses.replace`, and images to run models on."""

import pytest
import torch
from torch import Tensor

from training.config import ModelConfig


@pytest.fixture
def plain() -> ModelConfig:
    """residual_cnn, narrow, with the linear head and random weights."""
    return ModelConfig(
        name="residual_cnn",
        widths=(8, 16, 16, 24),
        head="linear",
        hidden=12,
        dropout=0.4,
        weights="none",
        mirror=False,
        grow_from="",
    )


@pytest.fixture
def images() -> Tensor:
    """uint8 [3, 32, 32, 3]"""
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8, generator=generator)
