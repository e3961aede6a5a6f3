"""The training loop: one phase of a recipe, epoch by epoch."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from training.config import LoopConfig
from training.errors import DivergedError
from training.fit.distributed import Process
from training.fit.optim.averaging import averaged_copy
from training.fit.optim.schedules import Schedule
from training.fit.precision import autocast
from training.fit.validation import Score
from training.results.history import EpochRecord, PhaseName, best_record, read_history
from training.stop import check_stop
from training.texts.progress import Bar, tell

LOOK_EVERY = 10
"""Steps between two looks at the loss: on a GPU each one waits for the work in flight."""


class Batches(Protocol):
    """Where the batches of an epoch come from: this process's slice of each."""

    steps: int

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets: int64 [B], or float32 [B, C] where they are soft."""


@dataclass(frozen=True)
class Phase:
    """What one pass of optimisation trains, on what, and how it is judged."""

    name: PhaseName
    config: LoopConfig
    network: nn.Module
    """Inputs of ``batches`` to logits [B, C]; its state is what a checkpoint keeps."""
    batches: Batches
    optimizers: Sequence[Optimizer]
    """The first group of the last one is the head's: its rate is the one that is recorded."""
    evaluate: Callable[[nn.Module], Score]
    """Of ``network``, or of the averaged copy of it."""
    freeze: Callable[[int], None]
    """Called at the start of an epoch (from 1 in this phase) with ``network`` in training mode:
    sets what is not trained apart."""
    class_weights: Tensor | None
    """float32 [C]"""
    autocast: bool
    """Whether to compute in bfloat16 where torch holds that to be safe."""


class Loop:
    """A phase on its way: all that changes from epoch to epoch."""

    def __init__(
        self, phase: Phase, process: Process, seed: int, history: Sequence[EpochRecord]
    ) -> None:
        """``history``: the epochs of earlier phases; the last best of them is where this begins."""
        self.phase = phase
        self.history = list(history)
        self._process = process
        self._seed = seed
        self._parallel = phase.network
        self._schedule = Schedule(
            phase.optimizers, phase.config.schedule, phase.config.epochs, phase.batches.steps
        )
        decay = phase.config.ema_decay
        self._averaged = averaged_copy(phase.network, decay) if decay else None
        self._best: dict[str, Tensor] = _copy(phase.network)

    @property
    def epochs_done(self) -> int:
        """Of this phase."""
        return sum(record.phase == self.phase.name for record in self.history)

    @property
    def stopped_early(self) -> bool:
        """Whether it ends before its last epoch: top-1 stood still for as long as the config's
        patience goes."""
        scores = [r.validation_top1 for r in self.history if r.phase == self.phase.name]
        config = self.phase.config
        if not config.patience or not 0 < len(scores) < config.epochs:
            return False
        return len(scores) - 1 - scores.index(max(scores)) >= config.patience

    @property
    def finished(self) -> bool:
        """Whether no further epoch is due."""
        return self.epochs_done >= self.phase.config.epochs or self.stopped_early

    def run_epoch(self) -> EpochRecord:
        """Train one epoch and judge it.

        Raises `DivergedError` when a loss is not finite.
        """
        started = time.perf_counter()
        number = self.epochs_done + 1
        rate, train = self._train(number)
        candidate = self._averaged.module if self._averaged else self.phase.network
        score = self.phase.evaluate(candidate)
        self._require_finite(score.loss, number, "validation")
        self._schedule.after_epoch(score.loss)
        record = EpochRecord(
            phase=self.phase.name,
            epoch=len(self.history) + 1,
            learning_rate=rate,
            train_loss=train.loss,
            train_top1=train.top1,
            validation_loss=score.loss,
            validation_top1=score.top1,
            seconds=time.perf_counter() - started,
        )
        self.history.append(record)
        if record is best_record(self.history):
            self._best = _copy(candidate)
        self._report(record, number)
        return record

    def load_best(self) -> None:
        """Put the weights of the best epoch, of this phase or before it, into the network."""
        self.phase.network.load_state_dict(self._best)

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on as if nothing had happened."""
        return {
            "phase": self.phase.name,
            "history": [vars(record) for record in self.history],
            "network": self.phase.network.state_dict(),
            "averaged": self._averaged.state_dict() if self._averaged else None,
            "optimizers": [optimizer.state_dict() for optimizer in self.phase.optimizers],
            "schedule": self._schedule.state_dict(),
            "best": self._best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.history = list(read_history(state["history"]))
        self.phase.network.load_state_dict(state["network"])
        if self._averaged:
            self._averaged.load_state_dict(state["averaged"])
        for optimizer, saved in zip(self.phase.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._schedule.load_state_dict(state["schedule"])
        self._best = state["best"]

    def _train(self, number: int) -> tuple[float, Score]:
        """The head's rate in the last step, and the means over the epoch."""
        phase, steps = self.phase, self.phase.batches.steps
        phase.network.train()
        phase.freeze(number)
        self._parallel = self._process.parallel(phase.network)
        measured = torch.zeros(steps, 2, device=self._process.device)
        rate = 0.0
        bar = Bar(
            phase.batches.epoch(number),
            what=f"{phase.name} {number}/{phase.config.epochs}",
            total=steps,
            unit="steps",
            shown=self._process.main,
        )
        looked = 0
        for step, (inputs, targets) in enumerate(bar):
            check_stop()
            torch.manual_seed(self._step_seed(number, step))
            rate = phase.optimizers[-1].param_groups[0]["lr"]
            measured[step] = self._step(inputs, targets)
            if (step + 1) % LOOK_EVERY == 0 or step + 1 == steps:
                loss = self._look(measured[looked : step + 1], number, looked)
                looked = step + 1
                bar.note(f"loss {loss:.3f}")
        loss, top1 = measured.mean(dim=0).tolist()
        return rate, Score(loss, top1)

    def _step(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """[2]: this process's share of the batch's mean loss and top-1."""
        device, config = self._process.device, self.phase.config
        inputs, targets = inputs.to(device, non_blocking=True), targets.to(device)
        with autocast(device, self.phase.autocast):
            logits = self._parallel(inputs)
        total = functional.cross_entropy(
            logits.float(),
            targets,
            self.phase.class_weights,
            label_smoothing=config.label_smoothing,
            reduction="sum",
        )
        # The mean is over the batch of all processes, each image counting by its class's weight.
        weight, count = self._process.sum(_weight_and_count(targets, self.phase.class_weights))
        loss = total / weight
        for optimizer in self.phase.optimizers:
            optimizer.zero_grad(set_to_none=True)
        # Gradients come back as means over the processes: times their number they are sums.
        (loss * self._process.world).backward()
        if config.gradient_clip:
            nn.utils.clip_grad_norm_(self.phase.network.parameters(), config.gradient_clip)
        for optimizer in self.phase.optimizers:
            optimizer.step()
        self._schedule.after_step()
        if self._averaged:
            self._averaged.update_parameters(self.phase.network)
        hard = targets.argmax(dim=1) if targets.ndim == 2 else targets
        right = (logits.detach().argmax(dim=1) == hard).sum()
        return torch.stack([loss.detach(), right / count])

    def _look(self, measured: Tensor, number: int, first: int) -> float:
        """Add up the processes' shares in place; the last step's loss, once all are finite."""
        self._process.sum(measured)
        losses = measured[:, 0].tolist()
        for step, loss in enumerate(losses, start=first + 1):
            self._require_finite(loss, number, f"step {step}")
        return float(losses[-1])

    def _require_finite(self, loss: float, number: int, where: str) -> None:
        if not -float("inf") < loss < float("inf"):
            raise DivergedError(
                f"The loss is {loss} in epoch {number} of phase {self.phase.name}, {where}; a "
                "lower learning rate, a longer warm-up or gradient clipping usually helps."
            )

    def _step_seed(self, number: int, step: int) -> int:
        """For dropout: the same step draws the same, however often the run was interrupted."""
        where = (self._seed, self.phase.name, number, step, self._process.rank)
        return int.from_bytes(hashlib.sha256(repr(where).encode()).digest()[:7], "big")

    def _report(self, record: EpochRecord, number: int) -> None:
        if not self._process.main:
            return
        epochs = self.phase.config.epochs
        seconds = [r.seconds for r in self.history if r.phase == self.phase.name]
        left = (epochs - number) * sum(seconds) / len(seconds)
        tell(
            f"{record.phase} {number}/{epochs}: "
            f"train loss {record.train_loss:.3f} top-1 {record.train_top1:.3f}, "
            f"validation loss {record.validation_loss:.3f} top-1 {record.validation_top1:.4f}, "
            f"{record.seconds:.1f} s, about {timedelta(seconds=round(left))} left"
        )


def _weight_and_count(targets: Tensor, class_weights: Tensor | None) -> Tensor:
    """float32 [2]: the sum of the images' weights and their number."""
    count = float(len(targets))
    if class_weights is None:
        return torch.tensor([count, count], device=targets.device)
    soft = targets.ndim == 2
    weights = targets @ class_weights if soft else class_weights[targets]
    return torch.stack([weights.sum(), weights.new_tensor(count)])


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
