from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.unit.training.conftest import shrunken_config
from training.config import LoopConfig
from training.errors import DivergedError
from training.fit.distributed import Process
from training.fit.loop import Loop, Phase
from training.fit.validation import Score
from training.results.history import best_record
from training.texts.progress import every_end_kept

ALONE = Process(0, 1, torch.device("cpu"))


def config(**fields: Any) -> LoopConfig:
    base = shrunken_config().scratch
    plain = {"label_smoothing": 0.0, "ema_decay": 0.0, "epochs": 20}
    return replace(base, **{**plain, **fields})


class FixedBatches:
    """The same batches in every epoch."""

    def __init__(self, *batches: tuple[Tensor, Tensor]) -> None:
        self.steps = len(batches)
        self._batches = batches

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        yield from self._batches


INPUTS = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([0, 0, 0, 0, 1, 2])


def loop(
    network: nn.Module,
    settings: LoopConfig,
    scores: list[Score] | None = None,
    *,
    batches: FixedBatches | None = None,
    class_weights: Tensor | None = None,
    rate: float = 0.1,
) -> Loop:
    told = iter(scores or [Score(1.0, 0.5)] * settings.epochs)
    phase = Phase(
        name="scratch",
        config=settings,
        network=network,
        batches=batches or FixedBatches((INPUTS, TARGETS)),
        optimizers=[torch.optim.SGD(network.parameters(), lr=rate)],
        evaluate=lambda _network: next(told),
        freeze=lambda _epoch: None,
        class_weights=class_weights,
        autocast=False,
    )
    return Loop(phase, ALONE, seed=1, history=[])


def linear() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 3)


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 2.0, 3.0])])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_mean_that_torch_defines(weights: Tensor | None, smoothing: float) -> None:
    network = linear()
    expected = functional.cross_entropy(
        network(INPUTS), TARGETS, weights, label_smoothing=smoothing
    )
    (gradient,) = torch.autograd.grad(expected, network.weight)
    old = network.weight.detach().clone()
    settings = config(label_smoothing=smoothing, schedule=constant())
    record = loop(network, settings, class_weights=weights).run_epoch()
    assert record.train_loss == pytest.approx(expected.item())
    torch.testing.assert_close(network.weight.detach(), old - 0.1 * gradient)


def constant() -> Any:
    return replace(shrunken_config().scratch.schedule, name="constant", warmup=0.0)


def test_soft_targets_weigh_by_their_shares_of_the_classes() -> None:
    weights = torch.tensor([0.5, 2.0, 3.0])
    hard = loop(linear(), config(), class_weights=weights).run_epoch()
    one_hot = FixedBatches((INPUTS, functional.one_hot(TARGETS, 3).float()))
    soft = loop(linear(), config(), batches=one_hot, class_weights=weights).run_epoch()
    assert soft.train_loss == pytest.approx(hard.train_loss)
    assert soft.train_top1 == hard.train_top1


def test_the_gradient_is_clipped() -> None:
    network = linear()
    before = torch.cat([p.detach().clone().flatten() for p in network.parameters()])
    settings = config(gradient_clip=0.01, schedule=constant())
    loop(network, settings, rate=1.0).run_epoch()
    after = torch.cat([p.detach().flatten() for p in network.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.01, rel=1e-3)


def run(subject: Loop) -> None:
    while not subject.finished:
        subject.run_epoch()


def test_it_stops_when_top1_stands_still_for_its_patience() -> None:
    top1 = [0.1, 0.5, 0.5, 0.4, 0.5, 0.9]
    scores = [Score(1 - 0.1 * i, value) for i, value in enumerate(top1)]
    subject = loop(linear(), config(epochs=6, patience=3), scores)
    run(subject)
    assert subject.epochs_done == 5 and subject.stopped_early
    patient = loop(linear(), config(epochs=6, patience=0), scores)
    run(patient)
    assert patient.epochs_done == 6 and not patient.stopped_early


def test_its_last_epoch_is_no_early_stop() -> None:
    subject = loop(linear(), config(epochs=3, patience=2), [Score(1, 0.9)] * 3)
    run(subject)
    assert subject.epochs_done == 3 and not subject.stopped_early


def test_the_best_weights_are_of_the_highest_top1_and_then_the_lowest_loss() -> None:
    scores = [Score(1, 0.5), Score(2, 0.8), Score(1.5, 0.8), Score(1.5, 0.8), Score(0.1, 0.7)]
    network = linear()
    subject = loop(network, config(epochs=5), scores)
    weights = []
    while not subject.finished:
        subject.run_epoch()
        weights.append(network.weight.detach().clone())
    assert best_record(subject.history).epoch == 3
    subject.load_best()
    assert torch.equal(network.weight, weights[2])
    assert not torch.equal(weights[2], weights[3])


def test_averaged_weights_are_judged_and_kept() -> None:
    judged: list[nn.Module] = []

    def judge(candidate: nn.Module) -> Score:
        judged.append(candidate)
        return Score(1.0, 0.5)

    network = linear()
    phase = loop(network, config(epochs=4, ema_decay=0.9)).phase
    run(Loop(replace(phase, evaluate=judge), ALONE, seed=1, history=[]))
    assert len(judged) == 4
    assert all(candidate is judged[0] and candidate is not network for candidate in judged)


def test_dropout_repeats_with_the_seed_and_differs_by_step() -> None:
    masks: list[Tensor] = []

    class Recording(nn.Linear):
        def forward(self, inputs: Tensor) -> Tensor:
            masks.append(functional.dropout(torch.ones(16)))
            return super().forward(inputs)

    for _ in range(2):
        subject = loop(
            Recording(4, 3), config(), batches=FixedBatches((INPUTS, TARGETS), (INPUTS, TARGETS))
        )
        subject.run_epoch()
        torch.rand(3)
        subject.run_epoch()
    first, second = torch.stack(masks[:4]), torch.stack(masks[4:])
    assert torch.equal(first, second)
    assert len(first.unique(dim=0)) == 4


@pytest.mark.parametrize("step", [1, 13, 25])
def test_a_loss_that_is_not_finite_is_named_by_epoch_and_step(step: int) -> None:
    batches = [(INPUTS, TARGETS)] * 25
    batches[step - 1] = (INPUTS * float("inf"), TARGETS)
    subject = loop(linear(), config(), batches=FixedBatches(*batches))
    expected = rf"loss is nan in epoch 1 of phase scratch, step {step}; a lower learning rate"
    with pytest.raises(DivergedError, match=expected):
        subject.run_epoch()


def test_a_validation_loss_that_is_not_finite_ends_it_too() -> None:
    with pytest.raises(DivergedError, match=r"loss is inf in epoch 1 .*, validation;"):
        loop(linear(), config(), [Score(float("inf"), 0.5)]).run_epoch()


def test_an_epoch_is_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    subject = loop(linear(), config(epochs=2))
    with every_end_kept():
        run(subject)
    output = capsys.readouterr()
    lines = [line for line in output.err.splitlines() if "train loss" in line]
    first, second = (line.partition("s] ")[2] for line in lines)
    assert output.out == ""
    assert first.startswith("scratch 1/2: train loss ") and "validation loss 1.000" in first
    assert second.startswith("scratch 2/2: ") and second.endswith("about 0:00:00 left")
