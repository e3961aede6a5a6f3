"""How the learning rate moves: torch's schedulers behind one step and one epoch call."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

from training.config import ScheduleConfig


def rate_factor(name: str, warmup: float, progress: float) -> float:
    """Share of the peak rate: a linear rise over ``warmup``, then the fall that ``name`` says.

    ``progress`` and ``warmup`` are shares of all steps. ``cosine`` falls along half a wave and
    ``linear`` along a line, both to 0; ``constant`` stays.
    """
    if progress < warmup:
        return progress / warmup
    left = max(0.0, (1 - progress) / (1 - warmup))
    if name == "cosine":
        return (1 - math.cos(math.pi * left)) / 2
    return left if name == "linear" else 1.0


class Schedule:
    """Moves the rates of ``optimizers`` from the ones they were made with, their peaks."""

    def __init__(
        self, optimizers: Sequence[Optimizer], config: ScheduleConfig, epochs: int, steps: int
    ) -> None:
        """``steps``: of one epoch."""
        total = epochs * steps
        self._per_step: list[LRScheduler] = []
        self._per_epoch: list[ReduceLROnPlateau] = []
        for optimizer in optimizers:
            if config.name == "one_cycle":
                self._per_step.append(_one_cycle(optimizer, config, total))
            elif config.name == "plateau":
                # LinearLR multiplies the rate it finds, so it and the plateau do not undo each
                # other's changes.
                climb = max(1, round(config.warmup * total))
                self._per_step.append(LinearLR(optimizer, 1 / climb, total_iters=climb - 1))
                self._per_epoch.append(_plateau(optimizer, config))
            else:
                factor = partial(_factor_of_step, config, total)
                self._per_step.append(LambdaLR(optimizer, factor))

    def after_step(self) -> None:
        for scheduler in self._per_step:
            scheduler.step()

    def after_epoch(self, validation_loss: float) -> None:
        for scheduler in self._per_epoch:
            scheduler.step(validation_loss)

    def state_dict(self) -> list[dict[str, Any]]:
        return [scheduler.state_dict() for scheduler in (*self._per_step, *self._per_epoch)]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        for scheduler, saved in zip((*self._per_step, *self._per_epoch), state, strict=True):
            scheduler.load_state_dict(saved)


def _factor_of_step(config: ScheduleConfig, total: int, step: int) -> float:
    # Taken at the middle of the step, where neither the first nor the last one is wasted.
    return rate_factor(config.name, config.warmup, (step + 0.5) / total)


def _one_cycle(optimizer: Optimizer, config: ScheduleConfig, total: int) -> OneCycleLR:
    """The momentum stays as it is configured, instead of moving against the rate."""
    peaks = [group["lr"] for group in optimizer.param_groups]
    # torch divides by the steps between the first and the peak, so one step is too few.
    climb = config.warmup if config.warmup * total != 1 else 0.0
    return OneCycleLR(optimizer, peaks, total_steps=total, pct_start=climb, cycle_momentum=False)


def _plateau(optimizer: Optimizer, config: ScheduleConfig) -> ReduceLROnPlateau:
    return ReduceLROnPlateau(
        optimizer, factor=config.plateau_factor, patience=config.plateau_patience
    )
