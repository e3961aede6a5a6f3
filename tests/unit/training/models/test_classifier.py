from dataclasses import replace
from typing import Literal

import pytest
import torch

from training.config import ModelConfig
from training.models.build import build_model, exportable
from training.models.classifier import Classifier

PICTURES = torch.randint(
    0, 256, (3, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
)
CONFIG = ModelConfig(
    name="residual_cnn",
    widths=(8, 16, 16, 24),
    head="linear",
    hidden=12,
    dropout=0.4,
    weights="none",
    mirror=False,
)
HEADS = pytest.mark.parametrize("head", ["linear", "mlp"])


def network(head: Literal["linear", "mlp"] = "linear", *, mirror: bool = False) -> Classifier:
    """With batch norms that have seen pictures, so that no layer is an identity."""
    torch.manual_seed(0)
    model = build_model(replace(CONFIG, head=head, mirror=mirror), classes=5)
    with torch.no_grad():
        for _ in range(5):
            model.logits(PICTURES)
    return model.eval()


@HEADS
def test_outputs_have_the_shapes_of_the_contract(head: Literal["linear", "mlp"]) -> None:
    model = network(head)
    logits, embedding, cam = model(PICTURES)
    assert logits.shape == (3, 5)
    assert embedding.shape == (3, 24)
    assert cam.shape == (3, 5, 8, 8)
    assert (model.features, model.classes) == (24, 5)


def test_logits_are_the_mean_of_the_activation_map() -> None:
    logits, _, cam = network()(PICTURES)
    torch.testing.assert_close(cam.mean(dim=(2, 3)), logits, rtol=1e-4, atol=1e-5)


@HEADS
def test_the_short_ways_agree_with_the_full_output(head: Literal["linear", "mlp"]) -> None:
    model = network(head)
    logits, embedding, _ = model(PICTURES)
    torch.testing.assert_close(model.logits(PICTURES), logits)
    torch.testing.assert_close(model.embed(PICTURES), embedding)


@HEADS
def test_the_map_is_the_head_at_each_location(head: Literal["linear", "mlp"]) -> None:
    model = network(head)
    features = torch.rand(2, 24, 3, 4)
    cam = model.head.at_locations(features)
    torch.testing.assert_close(cam[1, :, 2, 3], model.head(features[1:, :, 2, 3])[0])


def test_the_stages_are_the_trunk() -> None:
    model = network()
    assert [name for name, _ in model.stages()] == ["stem", "stage1", "stage2", "stage3"]
    stages = [stage for _, stage in model.stages()]
    features = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(torch.nn.Sequential(*stages)(features), model.trunk(features))


@HEADS
def test_mirrored_answers_are_those_of_both_views(head: Literal["linear", "mlp"]) -> None:
    plain, mirrored = network(head), network(head, mirror=True)
    direct, flipped = plain(PICTURES), plain(PICTURES.flip(2))
    logits, embedding, cam = mirrored(PICTURES)
    torch.testing.assert_close(logits, (direct.logits + flipped.logits) / 2)
    torch.testing.assert_close(embedding, (direct.embedding + flipped.embedding) / 2)
    torch.testing.assert_close(cam, (direct.cam + flipped.cam.flip(3)) / 2)


def test_training_never_sees_the_mirror_image() -> None:
    model = network(mirror=True)
    torch.testing.assert_close(model.logits(PICTURES), network().logits(PICTURES))
    model.train()
    torch.testing.assert_close(model(PICTURES).logits, network().train()(PICTURES).logits)


@HEADS
def test_the_exportable_copy_answers_the_same_without_batch_norm(
    head: Literal["linear", "mlp"],
) -> None:
    model = network(head).train()
    copy = exportable(model)
    assert model.training and not copy.training
    layers = {type(layer).__name__ for layer in copy.head}
    assert layers == ({"Linear"} if head == "linear" else {"Linear", "SiLU"})
    for ours, theirs in zip(copy(PICTURES), model.eval()(PICTURES), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
