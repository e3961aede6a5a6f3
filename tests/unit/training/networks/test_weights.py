import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import get_model, mobilenet_v2

from training.config import ModelConfig
from training.errors import TrainingError
from training.networks.build import build_model
from training.networks.classifier import build_classifier
from training.networks.heads import linear_head
from training.networks.network import IMAGENET, ConvNet
from training.networks.trunks.efficientnet_lite0 import package_file
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import find_weights, load_weights

NAME = "mobilenet_v2"
CACHED = "mobilenet_v2-7ebf99e0.pth"
LAST = "features.18.0.weight"


@pytest.fixture(scope="module")
def state() -> Mapping[str, Tensor]:
    """torchvision's state dict of `NAME`, random."""
    torch.manual_seed(0)
    return dict(get_model(NAME).state_dict())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def headless(name: str = NAME) -> ConvNet:
    return ConvNet(published_trunk(name), linear_head(PLANS[name].features, 2))


def load(source: Path | str, name: str = NAME) -> nn.Sequential:
    model = headless(name)
    load_weights(model, name, find_weights(name, str(source)))
    return model.trunk


def is_loaded(trunk: nn.Sequential, state: Mapping[str, Tensor]) -> bool:
    return torch.equal(trunk.state_dict()["top.0.weight"], state[LAST])


@pytest.mark.parametrize(
    "wrappers", [(), ("weights",), ("model",), ("state_dict",), ("model", "state_dict")]
)
def test_a_state_dict_is_found_in_a_checkpoint(
    state: Mapping[str, Tensor], file: Path, wrappers: tuple[str, ...]
) -> None:
    content: Mapping[str, Any] = state
    for key in reversed(wrappers):
        content = {"epoch": 3, key: content}
    torch.save(content, file)
    assert is_loaded(load(file), state)


def test_old_files_without_batch_counts_are_taken(state: Mapping[str, Tensor], file: Path) -> None:
    torch.save({k: v for k, v in state.items() if "num_batches" not in k}, file)
    assert is_loaded(load(file), state)


def test_the_published_densenet_has_dotted_names(file: Path) -> None:
    state = get_model("densenet121").state_dict()
    for old, new in (("norm1", "norm.1"), ("conv2", "conv.2")):
        state = {key.replace(f".{old}.", f".{new}."): value for key, value in state.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    torch.save(state, file)
    load(file, "densenet121")


@pytest.mark.parametrize("name", ["residual_cnn", "small_cnn", NAME])
def test_a_trained_classifier_begins_another_with_its_trunk(
    plain: ModelConfig, file: Path, name: str
) -> None:
    config = replace(plain, name=name)
    first = build_model(config, classes=5)
    torch.save(first.state_dict(), file)
    second = build_model(replace(config, weights=str(file), head="mlp"), classes=3)
    torch.testing.assert_close(second.trunk.state_dict(), first.trunk.state_dict())


def test_weights_of_another_network_are_refused_by_name(
    state: Mapping[str, Tensor], file: Path
) -> None:
    torch.save(state, file)
    with pytest.raises(TrainingError) as refused:
        load(file, "resnet18")
    message = str(refused.value)
    assert message.startswith(f"{file}: not the weights of resnet18. 100 missing: conv1.weight, ")
    assert "312 unexpected: features.0.0.weight, features.0.1.weight, " in message
    assert "They are those of mobilenet_v2: set model.name to it" in message


def test_one_key_too_few_is_refused_and_nothing_is_loaded(
    state: Mapping[str, Tensor], file: Path
) -> None:
    torch.save({k: v for k, v in state.items() if k != LAST}, file)
    model = headless()
    with pytest.raises(TrainingError, match=r"1 missing: features\.18\.0\.weight\."):
        load_weights(model, NAME, find_weights(NAME, str(file)))
    assert not is_loaded(model.trunk, state)


def test_other_widths_are_refused_with_both_shapes(plain: ModelConfig, file: Path) -> None:
    torch.save(build_model(replace(plain, widths=(8, 16, 16, 32)), classes=5).state_dict(), file)
    expected = r"misshaped: trunk\.stage3\.0\.0\.weight is \[32, 16, 3, 3\] and must be \[24, "
    with pytest.raises(TrainingError, match=expected):
        build_model(replace(plain, weights=str(file)), classes=5)


class Payload:
    """An object whose loading would run code."""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([1, 2], "holds no state dict"),
        ({}, "holds no state dict"),
        ({"best": {"model.head.0.bias": torch.zeros(2)}, "epoch": 3}, "finish the run"),
        (Payload(), "holds Python objects, which are never loaded"),
    ],
)
def test_a_file_without_a_state_dict_is_refused(file: Path, content: Any, expected: str) -> None:
    torch.save(content, file)
    with pytest.raises(TrainingError, match=expected):
        load(file)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(state: Mapping[str, Tensor], file: Path, share: float) -> None:
    torch.save({LAST: state[LAST]}, file)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TrainingError, match="not a whole file of weights"):
        load(file)


def test_a_safetensors_file_is_read(state: Mapping[str, Tensor], tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({key: value.contiguous() for key, value in state.items()}, file)
    assert is_loaded(load(file), state)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="not a whole file of weights"):
        load(file)


def test_a_text_file_is_refused(file: Path) -> None:
    file.write_text("hello, these are no weights\n")
    with pytest.raises(TrainingError, match="not a whole file of weights"):
        load(file)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nowhere\.pth: cannot be read \(No such file"):
        load(tmp_path / "nowhere.pth")
    with pytest.raises(TrainingError, match=r"cannot be read \(Is a directory\)"):
        load(tmp_path)


def test_imagenet_is_torchvisions_default_file(
    state: Mapping[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.save(state, cache / CACHED)
    assert is_loaded(load("imagenet"), state)


def test_a_failed_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    # Nothing listens on the discard port.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(TrainingError) as failed:
        load("imagenet")
    assert "could not be downloaded" in str(failed.value)
    assert f"/{CACHED} by other means and set model.weights to that file" in str(failed.value)


def test_small_networks_have_no_imagenet_weights(plain: ModelConfig) -> None:
    with pytest.raises(TrainingError, match=r"no ImageNet weights of residual_cnn: .*scratch"):
        build_model(replace(plain, weights="imagenet"), classes=5)


def test_the_weights_of_the_package_are_loaded_without_a_download(plain: ModelConfig) -> None:
    lite0 = replace(plain, name="efficientnet_lite0", weights="package")
    published = torch.load(package_file(), weights_only=True)
    model = build_model(lite0, classes=5)
    loaded = model.trunk.state_dict()["stage2.1._project_conv.weight"]
    torch.testing.assert_close(loaded, published["_blocks.1._project_conv.weight"])
    assert (model.mean == 127).all() and (model.std == 128).all()


def test_other_weights_than_the_package_brings_are_refused(plain: ModelConfig) -> None:
    with pytest.raises(TrainingError, match=r"No package brings weights of resnet18: .*imagenet"):
        build_model(replace(plain, name="resnet18", weights="package"), classes=5)
    with pytest.raises(TrainingError, match=r"efficientnet_lite0: set model\.weights to package"):
        build_model(replace(plain, name="efficientnet_lite0", weights="imagenet"), classes=5)


@torch.no_grad()
def test_the_mobilenet_v2_file_answers_as_in_torchvision(
    images: Tensor,
) -> None:
    folder = os.environ.get("VISIONFLOW_DATA")
    if folder is None:
        pytest.skip("VISIONFLOW_DATA names no folder with mobilenet_v2-imagenet.pth")
    file = Path(folder) / "mobilenet_v2-imagenet.pth"
    state = torch.load(file, weights_only=True)
    theirs = mobilenet_v2().eval()
    theirs.load_state_dict(state)
    ours = build_classifier("mobilenet_v2", str(file), classes=1000)

    mean, std = torch.tensor(IMAGENET.mean), torch.tensor(IMAGENET.std)
    pixels = ((images - mean) / std).permute(0, 3, 1, 2)
    logits, embedding, _ = ours(images)
    torch.testing.assert_close(embedding, theirs.features(pixels).mean(dim=(2, 3)))
    torch.testing.assert_close(logits, theirs(pixels))
