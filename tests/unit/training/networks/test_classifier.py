from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import get_model

from training.config import ModelConfig
from training.errors import TrainingError
from training.networks.build import build_model
from training.networks.classifier import build_classifier
from training.networks.network import IMAGENET

CLASSES = 4


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "classifier.pth"


@torch.no_grad()
@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "densenet121", "mobilenet_v2"])
def test_it_answers_as_the_published_network(name: str, images: Tensor, file: Path) -> None:
    torch.manual_seed(0)
    published = get_model(name, num_classes=CLASSES).eval()
    torch.save({"model": published.state_dict()}, file)
    pixels = (images - torch.tensor(IMAGENET.mean)) / torch.tensor(IMAGENET.std)
    expected = published(pixels.permute(0, 3, 1, 2))
    logits, _, cam = build_classifier(name, str(file), CLASSES)(images)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(cam.mean(dim=(2, 3)), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_classifier_of_ours_is_taken_whole(
    plain: ModelConfig, images: Tensor, file: Path
) -> None:
    trained = build_model(replace(plain, name="mobilenet_v3_large"), CLASSES).eval()
    torch.save(trained.state_dict(), file)
    model = build_classifier("mobilenet_v3_large", str(file), CLASSES)
    assert not model.training
    torch.testing.assert_close(model(images), trained(images))


def test_a_published_head_of_several_layers_is_refused(file: Path) -> None:
    torch.save(get_model("mobilenet_v3_large").state_dict(), file)
    with pytest.raises(TrainingError, match="head of mobilenet_v3_large has several layers"):
        build_classifier("mobilenet_v3_large", str(file), 1000)


def test_another_number_of_classes_is_refused(file: Path) -> None:
    torch.save(get_model("resnet18", num_classes=5).state_dict(), file)
    with pytest.raises(TrainingError) as refused:
        build_classifier("resnet18", str(file), CLASSES)
    message = str(refused.value)
    assert "fc.weight is [5, 512] and must be [4, 512]" in message
    assert "The trunk is that of resnet18; the head has other layers or other classes." in message


def test_a_network_without_published_weights_is_refused(file: Path) -> None:
    with pytest.raises(TrainingError, match=r"residual_cnn is not a published network; .*resnet18"):
        build_classifier("residual_cnn", str(file), CLASSES)
