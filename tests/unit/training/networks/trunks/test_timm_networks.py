"""Networks of timm, cut, against the whole ones, on random weights."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from training.config import ModelConfig
from training.errors import TrainingError
from training.networks.build import build_model, check_beginning, exportable
from training.networks.classifier import build_classifier, published_side
from training.networks.network import ConvNet

CLASSES = 5
SIDE = 160
"""The size that timm's smallest networks were trained on."""


def random_network(name: str) -> nn.Module:
    """timm's own, none of its parameters at a value that could hide that it is left out."""
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=CLASSES).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert isinstance(layer.running_mean, Tensor)
            layer.running_mean.normal_(0, 0.1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return network


def images(side: int = SIDE) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8, generator=generator)


def normalised(pixels: Tensor, network: nn.Module) -> Tensor:
    described = network.pretrained_cfg
    assert isinstance(described, dict)
    mean, std = (255 * torch.tensor(described[key]) for key in ("mean", "std"))
    return ((pixels - mean) / std).permute(0, 3, 1, 2)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "stages", "neck"),
    [
        ("test_convnext", 4, 1),
        ("test_efficientnet", 6, 0),
        ("test_resnet", 5, 0),
        ("test_byobnet", 5, 0),
        ("mobilenetv4_conv_small_035", 5, 3),
        # Of these the class token, and the mean of the patches, is classified.
        ("test_vit", 8, 0),
        ("test_vit2", 10, 1),
    ],
)
def test_a_cut_network_answers_as_the_whole(
    tmp_path: Path, name: str, stages: int, neck: int
) -> None:
    whole, file = random_network(name), tmp_path / "weights.pth"
    torch.save(whole.state_dict(), file)
    expected = whole(normalised(images(), whole))
    model = build_classifier(f"timm:{name}", str(file), CLASSES, SIDE)
    logits, embedding, cam = model(images())
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert (len(model.trunk), len(model.neck)) == (stages, neck)
    if not neck:
        torch.testing.assert_close(cam.mean(dim=(2, 3)), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.embed(images()), embedding)
    torch.testing.assert_close(exportable(model)(images()).logits, logits, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_the_map_of_a_transformer_tells_patches_apart_as_they_are(tmp_path: Path) -> None:
    whole, file = random_network("test_vit"), tmp_path / "weights.pth"
    torch.save(whole.state_dict(), file)
    model = build_classifier("timm:test_vit", str(file), CLASSES, SIDE)
    tokens = whole.forward_features(normalised(images(), whole))  # type: ignore[operator]
    by_patch = whole.head(tokens[:, 1:]).transpose(1, 2)  # type: ignore[operator]
    cam = model(images()).cam.flatten(2)
    centred, expected = (values - values.mean(dim=2, keepdim=True) for values in (cam, by_patch))
    torch.testing.assert_close(centred, expected, rtol=1e-4, atol=1e-4)


@pytest.fixture
def configured(plain: ModelConfig) -> Callable[..., ModelConfig]:
    def make(name: str, weights: Path | str = "none") -> ModelConfig:
        return replace(plain, name=f"timm:{name}", weights=str(weights))

    return make


Configured = Callable[..., ModelConfig]


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_of_a_file_begin_a_network_with_another_head(
    configured: Configured, tmp_path: Path, suffix: str
) -> None:
    whole, file = random_network("test_resnet"), tmp_path / f"weights.{suffix}"
    (torch.save if suffix == "pth" else save_file)(whole.state_dict(), file)
    config = configured("test_resnet", file)
    check_beginning(config, 64)
    model = build_model(config, 3, 64)
    loaded = model.trunk.state_dict()["stage1.conv1.0.weight"]
    torch.testing.assert_close(loaded, whole.state_dict()["conv1.0.weight"])
    assert model.head[0].out_features == 3
    first = tmp_path / "first.pt"
    torch.save(model.state_dict(), first)
    again = build_model(configured("test_resnet", first), 7, 64)
    torch.testing.assert_close(again.trunk.state_dict(), model.trunk.state_dict())


def test_a_transformer_takes_images_of_another_size(configured: Configured) -> None:
    model = build_model(configured("test_vit"), CLASSES, 64).eval()
    assert model(images(64)).cam.shape == (2, CLASSES, 4, 4)
    with pytest.raises(TrainingError, match="patches of 16 px, which do not divide 72 px"):
        build_model(configured("test_vit"), CLASSES, 72)


@pytest.mark.parametrize("name", ["test_vit", "test_convnext"])
def test_every_parameter_below_the_head_is_in_one_stage(configured: Configured, name: str) -> None:
    model = build_model(configured(name), CLASSES, 64)
    in_stages = [id(value) for _, stage in model.stages() for value in stage.parameters()]
    below = [id(value) for key, value in model.named_parameters() if not key.startswith("head.")]
    assert sorted(in_stages) == sorted(below)


def test_the_pixels_are_those_that_the_weights_expect(configured: Configured) -> None:
    def mean(name: str) -> list[float]:
        model: ConvNet = build_model(configured(name), CLASSES, 64)
        return model.mean.ravel().tolist()

    assert mean("test_vit") == [127.5] * 3
    assert mean("test_efficientnet") == pytest.approx([123.675, 116.28, 103.53])


def test_weights_of_another_network_are_refused(configured: Configured, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    torch.save(random_network("test_resnet").state_dict(), file)
    with pytest.raises(TrainingError, match=r"not the weights of timm:test_convnext\. \d+ missing"):
        check_beginning(configured("test_convnext", file), 64)
    with pytest.raises(TrainingError, match=r"fc\.weight is \[5, 96\] and must be \[4, 96\]"):
        build_classifier("timm:test_resnet", str(file), 4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet17", r"timm has no network 'resnet17'; close names: .*resnet18"),
        ("hf-hub:someone/model", r"timm has no network 'hf-hub:someone/model'"),
        (
            "test_vit.mine",
            r"no weights 'test_vit\.mine'; .* it has test_vit\.r160_in1k",
        ),
        ("test_vit3", "other logits than the whole"),
        ("levit_128s", "its classifier is not one linear layer"),
        ("xcit_nano_12_p16_224", "it has no global pooling"),
    ],
)
def test_what_timm_does_not_know_or_cannot_be_cut_is_refused(
    configured: Configured, name: str, expected: str
) -> None:
    with pytest.raises(TrainingError, match=expected):
        check_beginning(configured(name), 224)


def test_without_timm_the_error_says_what_to_install(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "timm" else find(name)
    )
    for weights in ("none", "imagenet"):
        with pytest.raises(TrainingError, match="not installed; `make training` installs it"):
            check_beginning(configured("test_vit", weights), 160)


def test_a_failed_download_says_what_to_do(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(TrainingError) as failed:
        check_beginning(configured("test_vit", "imagenet"), 160)
    assert "weights of timm:test_vit could not be downloaded" in str(failed.value)
    assert "model.safetensors by other means" in str(failed.value)


def test_a_network_without_published_weights_says_so(configured: Configured) -> None:
    with pytest.raises(TrainingError, match="timm publishes no weights of resnet200"):
        check_beginning(configured("resnet200", "imagenet"), 224)


@pytest.mark.parametrize(
    ("name", "side"),
    [("timm:vit_tiny_patch16_384", 384), ("timm:resnet18", 224), ("efficientnet_lite0", 224)],
)
def test_the_side_of_published_networks_is_known(name: str, side: int) -> None:
    assert published_side(name) == side
