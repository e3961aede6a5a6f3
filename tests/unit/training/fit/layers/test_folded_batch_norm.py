import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.fit.layers.folded_batch_norm import fold_frozen_batch_norm
from training.fit.layers.shared_batch_norm import synchronize_batch_norm
from training.fit.precision import keep_slow_layers_in_float32
from training.networks.trunks.efficientnet_lite0 import efficientnet_lite0

INPUTS = torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(1))


class WithOtherUse(nn.Sequential):
    """The convolution's output is needed twice."""

    def forward(self, features: Tensor) -> Tensor:
        filtered: Tensor = self[0](features)
        normalised: Tensor = self[1](filtered)
        return normalised + filtered


def network(kind: type[nn.Sequential] = nn.Sequential) -> nn.Sequential:
    torch.manual_seed(0)
    layers = kind(
        nn.Conv2d(4, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Sequential(nn.Conv2d(8, 8, 5, padding=2, groups=8), nn.BatchNorm2d(8)),
        nn.BatchNorm2d(8),
    )
    for layer in layers.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for name in ("running_mean", "weight", "bias"):
                nn.init.normal_(getattr(layer, name))
            nn.init.uniform_(layer.get_buffer("running_var"), 0.5, 2)
    return layers


def gradients(layers: nn.Module) -> tuple[Tensor, dict[str, Tensor]]:
    outputs = layers(INPUTS)
    weights = dict(layers.named_parameters())
    found = torch.autograd.grad(outputs.square().sum(), list(weights.values()))
    return outputs, dict(zip(weights, found, strict=True))


@pytest.mark.parametrize("slow_layers", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_answers_and_gradients_stay_without_a_pass_for_batch_norm(
    slow_layers: bool, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, folded = network().eval(), network().eval()
    if slow_layers:
        keep_slow_layers_in_float32(folded)
    if shared:
        synchronize_batch_norm(folded)
    # The last one follows no convolution.
    assert fold_frozen_batch_norm(folded, INPUTS) == 2
    assert list(folded.state_dict()) == list(plain.state_dict())
    expected, expected_gradients = gradients(plain)
    plain_norm, passes = nn.functional.batch_norm, []

    def counted(*values: Any, **named: Any) -> Tensor:
        passes.append(values)
        return plain_norm(*values, **named)

    monkeypatch.setattr(nn.functional, "batch_norm", counted)
    found, found_gradients = gradients(folded)
    assert len(passes) == 1
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found_gradients, expected_gradients, rtol=1e-4, atol=1e-4)


def test_in_training_mode_batches_are_normalised_as_ever() -> None:
    plain, folded = network().train(), network().train()
    fold_frozen_batch_norm(folded, INPUTS)
    assert all(layer.training for layer in folded.modules())
    torch.testing.assert_close(folded(INPUTS), plain(INPUTS))
    torch.testing.assert_close(folded.state_dict(), plain.state_dict())


def test_a_copy_follows_its_own_batch_norm() -> None:
    folded = network().eval()
    fold_frozen_batch_norm(folded, INPUTS)
    averaged = copy.deepcopy(folded)
    before = averaged(INPUTS)
    with torch.no_grad():
        folded.get_parameter("1.weight").zero_()
    torch.testing.assert_close(averaged(INPUTS), before)
    assert not torch.allclose(folded(INPUTS), before)


def test_a_network_that_needs_the_convolutions_output_elsewhere_is_left() -> None:
    layers = WithOtherUse(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, eps=3.0)).eval()
    before, kinds = layers(INPUTS), [type(layer) for layer in layers]
    assert fold_frozen_batch_norm(layers, INPUTS) == 0
    assert [type(layer) for layer in layers] == kinds
    assert layers(INPUTS).equal(before)


def test_a_convolution_that_pads_in_its_own_way_still_does() -> None:
    layers = efficientnet_lite0()
    stem = nn.Sequential(layers["_conv_stem"], layers["_bn0"]).eval()
    images = torch.randn(1, 3, 15, 15)
    before = stem(images)
    assert fold_frozen_batch_norm(stem, images) == 1
    torch.testing.assert_close(stem(images), before, rtol=1e-4, atol=1e-5)
