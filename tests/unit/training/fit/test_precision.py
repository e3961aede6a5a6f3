import copy

import pytest
import torch
from torch import Tensor, nn

from training.fit.precision import autocast, has_bfloat16, keep_slow_layers_in_float32

CPU = torch.device("cpu")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 8, 3, padding=1, stride=2, groups=8),
        nn.Sequential(nn.Conv2d(8, 8, 5, padding=2, groups=8)),
        nn.Conv2d(8, 8, 3, padding=1, stride=2),
    )


def gradient(layer: nn.Module, inputs: Tensor, *, bfloat16: bool) -> Tensor:
    with autocast(CPU, bfloat16):
        outputs = layer(inputs)
    (found,) = torch.autograd.grad(outputs.float().square().sum(), list(layer.parameters()))
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("native", [False, True])
def test_a_gpu_that_only_emulates_bfloat16_computes_in_float32(
    native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert has_bfloat16(torch.device("cuda", 0)) == native
    assert has_bfloat16(CPU)


def test_only_the_slow_layers_are_exempt() -> None:
    before, after = network(), network()
    keep_slow_layers_in_float32(after)
    changed = [type(a) is not type(b) for a, b in zip(before, after, strict=True)]
    assert changed == [False, True, False, False]
    assert type(after.get_submodule("2.0")) is not nn.Conv2d
    assert list(after.state_dict()) == list(before.state_dict())
    assert all(w.equal(after.state_dict()[name]) for name, w in before.state_dict().items())


def test_their_gradient_is_computed_in_float32() -> None:
    layer = nn.Sequential(nn.Conv2d(8, 8, 5, groups=8, bias=False))
    exempt = copy.deepcopy(layer)
    keep_slow_layers_in_float32(exempt)
    inputs = torch.randn(2, 8, 9, 9)
    exact = gradient(layer, inputs, bfloat16=False)
    rounded = gradient(layer, inputs, bfloat16=True)
    torch.testing.assert_close(gradient(exempt, inputs, bfloat16=True), exact)
    assert (rounded - exact).abs().max() > 1e-3 * exact.abs().max()


def test_features_keep_their_type() -> None:
    exempt = network()
    keep_slow_layers_in_float32(exempt)
    inputs = torch.randn(1, 8, 8, 8).bfloat16()
    with autocast(CPU, enabled=True):
        assert exempt(inputs).dtype == torch.bfloat16
        with torch.no_grad():
            assert exempt(inputs).equal(network()(inputs))


def test_frozen_they_are_computed_in_bfloat16_as_any_other() -> None:
    layer = nn.Sequential(nn.Conv2d(8, 8, 5, groups=8)).requires_grad_(False)
    exempt = copy.deepcopy(layer)
    keep_slow_layers_in_float32(exempt)
    inputs = torch.randn(2, 8, 9, 9)
    with autocast(CPU, True):
        assert exempt(inputs).equal(layer(inputs))
        exempt.requires_grad_(True)
        assert not exempt(inputs).equal(layer(inputs))
