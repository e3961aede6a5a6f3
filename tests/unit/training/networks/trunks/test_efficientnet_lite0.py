"""The network of the package against timm's, which knows it under other names."""

import timm
import torch
from torch import nn

from training.networks.classifier import build_classifier
from training.networks.trunks.efficientnet_lite0 import package_file

CLASSES = 1000


def theirs() -> nn.Module:
    """timm's network with the weights of the package, which lie in the same order in both."""
    network = timm.create_model("tf_efficientnet_lite0").eval()
    published = torch.load(package_file(), weights_only=True)
    names = network.state_dict().keys()
    network.load_state_dict(dict(zip(names, published.values(), strict=True)))
    return network


@torch.no_grad()
def test_it_answers_as_timm_does() -> None:
    images = torch.randint(
        0, 256, (2, 75, 75, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    pixels = ((images.float() - 127) / 128).permute(0, 3, 1, 2)
    model = build_classifier("efficientnet_lite0", "package", CLASSES)
    logits, embedding, cam = model(images)
    torch.testing.assert_close(logits, theirs()(pixels), rtol=1e-4, atol=1e-4)
    assert embedding.shape == (2, 1280)
    assert cam.shape == (2, CLASSES, 3, 3)


def test_the_stages_hold_all_blocks() -> None:
    model = build_classifier("efficientnet_lite0", "package", CLASSES)
    names, stages = zip(*model.stages(), strict=True)
    assert names == ("stem", *(f"stage{i}" for i in range(1, 8)), "top")
    convolutions = [
        sum(isinstance(layer, nn.Conv2d) for layer in stage.modules()) for stage in stages
    ]
    assert convolutions == [1, 2, 6, 6, 9, 9, 12, 3, 1]
