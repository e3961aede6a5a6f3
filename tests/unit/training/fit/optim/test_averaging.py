import pytest
import torch
from torch import nn

from training.fit.optim.averaging import averaged_copy


class Counter(nn.Module):
    """A weight, an estimate and a count that move by one a step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("estimate", torch.zeros(1))
        self.register_buffer("steps", torch.zeros(1, dtype=torch.long))

    def step(self) -> None:
        with torch.no_grad():
            for value in (*self.parameters(), *self.buffers()):
                value.add_(1)


def test_the_decay_climbs_to_its_value() -> None:
    network = Counter()
    averaged = averaged_copy(network, 0.5)
    expected = 0.0
    for step in range(30):
        network.step()
        averaged.update_parameters(network)
        kept = min(0.5, (1 + step) / (10 + step))
        expected = step + 1 if step == 0 else kept * expected + (1 - kept) * (step + 1)
        mean = averaged.module.state_dict()
        assert mean["weight"].item() == pytest.approx(expected)
        assert mean["estimate"].item() == pytest.approx(expected)
        assert mean["steps"].item() == step + 1


def test_it_goes_on_from_its_state() -> None:
    network = Counter()
    whole, first = averaged_copy(network, 0.9), averaged_copy(network, 0.9)
    for step in range(10):
        network.step()
        whole.update_parameters(network)
        if step == 5:
            second = averaged_copy(network, 0.9)
            second.load_state_dict(first.state_dict())
            first = second
        first.update_parameters(network)
    assert torch.equal(whole.state_dict()["module.weight"], first.state_dict()["module.weight"])
