from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.config import ModelConfig
from training.networks.build import build_model
from training.networks.network import ConvNet

Build = Callable[..., ConvNet]
HEADS = pytest.mark.parametrize("head", ["linear", "mlp"])


@pytest.fixture
def build(plain: ModelConfig, images: Tensor) -> Build:
    """Networks of the same weights, whose batch norms have seen images."""

    def built(**fields: Any) -> ConvNet:
        torch.manual_seed(0)
        model = build_model(replace(plain, **fields), classes=5)
        for _ in range(5):
            model.logits(images)
        return model.eval()

    return built


@HEADS
def test_outputs_have_the_shapes_of_the_contract(build: Build, images: Tensor, head: str) -> None:
    model = build(head=head)
    logits, embedding, cam = model(images)
    assert logits.shape == (3, 5)
    assert embedding.shape == (3, 24)
    assert cam.shape == (3, 5, 8, 8)


def test_logits_are_the_mean_of_the_activation_map(build: Build, images: Tensor) -> None:
    logits, _, cam = build()(images)
    torch.testing.assert_close(cam.mean(dim=(2, 3)), logits, rtol=1e-4, atol=1e-5)


@HEADS
def test_the_short_ways_agree_with_the_full_output(build: Build, images: Tensor, head: str) -> None:
    model = build(head=head)
    logits, embedding, _ = model(images)
    torch.testing.assert_close(model.logits(images), logits)
    torch.testing.assert_close(model.embed(images), embedding)


def test_the_stages_are_the_trunk_from_the_pixels_up(build: Build) -> None:
    model = build()
    assert [name for name, _ in model.stages()] == ["stem", "stage1", "stage2", "stage3"]
    stages = nn.Sequential(*(stage for _, stage in model.stages()))
    features = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(stages(features), model.trunk(features))


@HEADS
def test_mirrored_answers_are_those_of_both_views(build: Build, images: Tensor, head: str) -> None:
    plain, mirrored = build(head=head), build(head=head, mirror=True)
    direct, flipped = plain(images), plain(images.flip(2))
    logits, embedding, cam = mirrored(images)
    torch.testing.assert_close(logits, (direct.logits + flipped.logits) / 2)
    torch.testing.assert_close(embedding, (direct.embedding + flipped.embedding) / 2)
    torch.testing.assert_close(cam, (direct.cam + flipped.cam.flip(3)) / 2)


def test_training_never_sees_the_mirror_image(build: Build, images: Tensor) -> None:
    plain, mirrored = build(), build(mirror=True)
    torch.testing.assert_close(mirrored.logits(images), plain.logits(images))
    torch.testing.assert_close(mirrored.train()(images).logits, plain.train()(images).logits)
