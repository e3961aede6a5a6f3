from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import pytest
import torch

from training.data.training_data import TrainingData
from training.export import network_export
from training.export.network_export import network_outputs, original_of
from training.networks.network import ConvNet

FIRST = 5


@pytest.fixture(autouse=True)
def few_maps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(network_export, "COMPARED_MAPS", FIRST)
    monkeypatch.setattr("training.export.gate_checks.COMPARED_MAPS", FIRST)
    yield


def features_of(network: ConvNet, data: TrainingData) -> torch.Tensor:
    """[N, views, F], as a probe computes them."""
    images = torch.from_numpy(data.validation.images)
    with torch.inference_mode():
        views = [network.embed(images)] + [network.embed(images.flip(2))] * network.mirror
    return torch.stack(views, dim=1)


@pytest.mark.parametrize("mirror", [False, True])
def test_known_features_spare_a_pass_and_change_no_output(
    network: ConvNet, data: TrainingData, mirror: bool
) -> None:
    network.mirror = mirror
    images = data.validation.images
    expected = network_outputs(network, images)
    original = original_of(network, features_of(network.eval(), data))
    seen: list[int] = []
    before = ConvNet.forward

    def counted(self: ConvNet, image: torch.Tensor) -> object:
        seen.append(len(image))
        return before(self, image)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConvNet, "forward", counted)
        found = original.outputs(images)
    assert sum(seen) == FIRST < len(images)
    for one, other in zip(astuple(found), astuple(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_features_of_another_network_are_not_believed(network: ConvNet, data: TrainingData) -> None:
    features = features_of(network.eval(), data)
    found = original_of(network, features + 1).outputs(data.validation.images)
    expected = network_outputs(network, data.validation.images)
    np.testing.assert_array_equal(found.logits, expected.logits)
