from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.unit.training.fit.processes import run_group
from training.fit.distributed import join_processes
from training.fit.layers.shared_batch_norm import SharedBatchNorm, synchronize_batch_norm


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.BatchNorm1d(16))


def batch() -> Tensor:
    # Far from zero mean: the variance must not come out of a difference of large numbers.
    return torch.randn(12, 3, 4, 4, generator=torch.Generator().manual_seed(1)) + 100


def results(subject: nn.Sequential, inputs: Tensor) -> dict[str, Tensor]:
    inputs = inputs.requires_grad_()
    outputs = subject.train()(inputs)
    outputs.pow(3).sum().backward()
    assert inputs.grad is not None
    gradients = {f"{n}.grad": w.grad for n, w in subject.named_parameters() if w.grad is not None}
    evaluated = subject.eval()(inputs)
    return {
        "outputs": outputs.detach(),
        "inputs.grad": inputs.grad,
        "evaluated": evaluated.detach(),
        **gradients,
        **subject.state_dict(),
    }


@pytest.mark.parametrize("shares", [(6, 6), (9, 3)])
def test_statistics_and_gradients_are_of_the_whole_batch(
    tmp_path: Path, shares: tuple[int, int]
) -> None:
    expected = results(network(), batch())

    def work() -> None:
        with join_processes() as process:
            subject = network()
            synchronize_batch_norm(subject)
            assert isinstance(subject[1], SharedBatchNorm)
            part = batch().split(shares)[process.rank].clone()
            torch.save(results(subject, part), tmp_path / f"{process.rank}.pt")

    assert run_group(work) == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    for name, value in expected.items():
        if name in ("outputs", "inputs.grad", "evaluated"):
            found = torch.cat([first[name], second[name]])
        elif name.endswith(".grad"):
            found = first[name] + second[name]
        else:
            found = first[name]
            assert torch.equal(found, second[name])
        torch.testing.assert_close(found, value, rtol=1e-3, atol=1e-3, msg=name)


def test_it_keeps_the_names_and_the_weights_of_what_it_replaces() -> None:
    subject = network()
    before = subject.state_dict()
    parameters = list(subject.parameters())
    synchronize_batch_norm(subject)
    assert all(a is b for a, b in zip(subject.parameters(), parameters, strict=True))
    after = subject.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
