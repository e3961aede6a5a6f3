"""Each trunk against the torchvision network that it is cut from, weights handed over in a file."""

from collections import OrderedDict
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model, vgg

from training.networks.heads import linear_head
from training.networks.network import ConvNet
from training.networks.trunks.zoo import PLANS, published_trunk
from training.networks.weights import find_weights, load_weights

STAGES = {
    "resnet18": 5,
    "resnet34": 5,
    "resnet50": 5,
    "vgg16": 5,
    "efficientnet_b0": 9,
    "densenet121": 5,
    "mobilenet_v2": 9,
    "mobilenet_v3_large": 8,
}

PIXELS = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@dataclass(frozen=True)
class Pair:
    name: str
    trunk: nn.Sequential
    theirs: nn.Module
    """torchvision's network up to the pooled features, [N, 3, H, W] to [N, F]."""


@pytest.fixture(scope="module", params=STAGES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The same random weights and statistics in both."""
    name: str = request.param
    torch.manual_seed(0)
    network = _network(name).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert isinstance(layer.running_mean, Tensor)
            layer.running_mean.normal_(0, 0.1)
            layer.weight.data.uniform_(0.5, 1.5)
    file = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(network.state_dict(), file)
    model = ConvNet(published_trunk(name), linear_head(PLANS[name].features, 2))
    load_weights(model, name, find_weights(name, str(file)))
    trunk = model.trunk.eval()
    file.unlink()
    for last in ("fc", "classifier"):
        if hasattr(network, last):
            setattr(network, last, nn.Identity())
    return Pair(name, trunk, network)


def _network(name: str) -> nn.Module:
    if name != "vgg16":
        network: nn.Module = get_model(name)
        return network
    # Without the 120 million weights that make it slow to build.
    layers = vgg.make_layers(vgg.cfgs["D"])
    rest = OrderedDict(
        pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), classifier=nn.Linear(512, 1)
    )
    return nn.Sequential(OrderedDict(features=layers, **rest))


def test_every_network_of_torchvision_is_compared() -> None:
    assert PLANS.keys() - STAGES.keys() == {"efficientnet_lite0"}


@torch.no_grad()
def test_the_pooled_features_are_those_of_torchvision(pair: Pair) -> None:
    features = pair.trunk(PIXELS)
    assert features.shape[1] == PLANS[pair.name].features
    torch.testing.assert_close(features.mean(dim=(2, 3)), pair.theirs(PIXELS))


@torch.no_grad()
def test_no_stage_writes_over_the_output_of_the_one_below(pair: Pair) -> None:
    assert len(pair.trunk) == STAGES[pair.name]
    features, outputs, copies = PIXELS, [], []
    for stage in pair.trunk:
        features = stage(features)
        outputs.append(features)
        copies.append(features.clone())
    torch.testing.assert_close(outputs, copies)
