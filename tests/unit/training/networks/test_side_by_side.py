from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from training.config import ModelConfig
from training.errors import TrainingError
from training.export.graph.onnx_files import export_onnx
from training.networks.build import build_model, check_beginning, exportable
from training.networks.heads import linear_head
from training.networks.network import AS_THEY_ARE, ConvNet
from training.networks.side_by_side import Part, SideBySide
from training.networks.trunks.residual_cnn import ResidualCnn

NAMES = "efficientnet_lite0+mobilenet_v2"


@pytest.fixture
def both(plain: ModelConfig, tmp_path: Path) -> ModelConfig:
    file = tmp_path / "mobile.pt"
    torch.save(build_model(replace(plain, name="mobilenet_v2"), 1).state_dict(), file)
    return replace(plain, name=NAMES, weights=f"package+{file}")


@torch.no_grad()
def test_features_are_those_of_each_network_one_behind_the_other(
    both: ModelConfig, images: Tensor
) -> None:
    model = build_model(both, 3).eval()
    alone = [build_model(part, 3).eval() for part in both.parts]
    expected = [network.embed(images) for network in alone]
    assert model.widths == (1280, 1280)
    assert [name for name, _ in model.stages()] == NAMES.split("+")
    torch.testing.assert_close(model.embed(images), torch.cat(expected, dim=1))
    # Each has its own pixels.
    assert not torch.equal(alone[0].mean, alone[1].mean)
    assert not torch.allclose(expected[0], expected[1])


@torch.no_grad()
def test_one_graph_holds_both(images: Tensor) -> None:
    parts = {
        "timm:net.a1": Part(ResidualCnn((4, 8, 8)), tensor(100.0), tensor(50.0), 8),
        "timm:net.a2": Part(ResidualCnn((4, 8, 16)), tensor(127.0), tensor(128.0), 16),
    }
    head = linear_head(24, 3)
    model = ConvNet(SideBySide(parts), head, normalisation=AS_THEY_ARE, mirror=True)
    model = exportable(model)
    session = ort.InferenceSession(export_onnx(model, 32, opset=20).SerializeToString())
    logits, embedding, cam = session.run(None, {"image": images.numpy()})
    for answer, expected in zip((logits, embedding, cam), model(images), strict=True):
        np.testing.assert_allclose(answer, expected, atol=1e-4)
    np.testing.assert_allclose(cam.mean(axis=(2, 3)), logits, atol=1e-4)
    assert embedding.shape == (3, 24)


def tensor(value: float) -> Tensor:
    return torch.full((1, 3, 1, 1), value)


@torch.no_grad()
def test_a_finished_run_is_read_without_the_weights_it_began_from(both: ModelConfig) -> None:
    model = build_model(both, 3)
    again = build_model(replace(both, weights="none"), 3)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.state_dict(), model.state_dict())


def test_weights_of_each_are_checked_before_any_image_is_read(both: ModelConfig) -> None:
    check_beginning(both, 32)
    with pytest.raises(TrainingError, match=r"missing\.pt: cannot be read"):
        check_beginning(replace(both, weights="package+missing.pt"), 32)
    swapped = replace(both, weights="+".join(reversed(both.weights.split("+"))))
    with pytest.raises(TrainingError, match="not the weights of efficientnet_lite0"):
        check_beginning(swapped, 32)


def test_maps_of_different_sizes_are_refused(plain: ModelConfig) -> None:
    config = replace(plain, name="small_cnn+residual_cnn")
    with pytest.raises(TrainingError, match=r"32 px differ in size \(5 x 5, 8 x 8\)"):
        check_beginning(config, 32)


def test_one_source_of_weights_is_that_of_all(plain: ModelConfig) -> None:
    parts = replace(plain, name="resnet18+mobilenet_v2", weights="imagenet").parts
    assert [(part.name, part.weights) for part in parts] == [
        ("resnet18", "imagenet"),
        ("mobilenet_v2", "imagenet"),
    ]
    # A path of one network may hold a plus.
    assert replace(plain, weights="a+b.pth").parts == (replace(plain, weights="a+b.pth"),)
