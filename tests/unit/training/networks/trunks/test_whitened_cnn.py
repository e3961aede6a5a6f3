from dataclasses import replace

import torch
from torch import Tensor

from training.config import ModelConfig
from training.networks.build import build_model
from training.networks.trunks.whitened_cnn import COMPONENTS, WhiteningStem

PIXELS = torch.rand(40, 3, 9, 9, generator=torch.Generator().manual_seed(1)).cumsum(dim=3)


def whitened() -> WhiteningStem:
    stem = WhiteningStem()
    stem.whiten(PIXELS)
    return stem


def test_components_of_a_patch_are_uncorrelated_and_vary_alike() -> None:
    stem = whitened()
    found = torch.nn.functional.conv2d(PIXELS, stem.weight)[:, :COMPONENTS]
    covariance = found.transpose(0, 1).flatten(start_dim=1).cov()
    # A little less than 1, by what is added to the variance.
    torch.testing.assert_close(covariance, torch.eye(COMPONENTS), rtol=0, atol=0.03)


def test_both_signs_of_a_component_are_kept() -> None:
    positive, negative = whitened()(PIXELS).chunk(2, dim=1)
    assert (positive * negative == 0).all() and (positive + negative > 0).any()


def test_only_the_shifts_are_trained() -> None:
    assert [name for name, _ in whitened().named_parameters()] == ["bias"]


def test_bfloat16_rounds_no_differences_of_pixels_away() -> None:
    stem = whitened()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(stem(PIXELS), stem(PIXELS.float()))
        assert stem(PIXELS).dtype == torch.float32


def test_the_network_answers(plain: ModelConfig, images: Tensor) -> None:
    model = build_model(replace(plain, name="whitened_cnn", widths=(8, 8, 16)), classes=3).eval()
    logits, embedding, cam = model(images)
    assert (logits.shape, embedding.shape, cam.shape) == ((3, 3), (3, 16), (3, 3, 7, 7))
