"""From images to weights, by the recipe of the config, through checkpoints."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.allocator import keep_freed_memory
from training.config import TrainConfig, check_recipe
from training.data.batches import worker_died
from training.data.cache import not_writable
from training.data.split import SPLIT_FILE
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.fit.changes import images_changed
from training.fit.checkpoint import CHECKPOINT_FILE, Checkpoint, identity
from training.fit.distributed import Process, join_processes
from training.fit.layers.folded_batch_norm import fold_frozen_batch_norm
from training.fit.loop import Loop, Phase
from training.fit.precision import keep_slow_layers_in_float32
from training.fit.recipes import PHASES, Pixels, Session, fit_probe
from training.fit.tracking import LogHistory, tracking
from training.networks.build import build_model, check_beginning
from training.networks.network import Network
from training.results.history import EpochRecord, OnEpoch, best_record, read_history
from training.results.probe import ProbeFit
from training.stop import check_stop
from training.texts.terminal import say
from visionflow.strict import parse, to_dict
from visionflow.whole_file import whole_file


@dataclass(frozen=True)
class Fitted:
    """The weights of the best epoch by validation top-1, ready to evaluate, and how it went."""

    model: Network
    history: tuple[EpochRecord, ...]
    best_epoch: int
    stopped_early: bool
    """Whether the last phase ended before its epochs were over."""
    seconds: float
    """Of the fitting, without what an interruption threw away."""
    probe: ProbeFit | None
    """Of the recipe of that name."""
    held_out: Tensor | None = None
    """Of a probe that was fitted just now: the validation images' features in float32, in the views
    that ``model`` answers with, [N, views, F]."""


def check_start(config: TrainConfig, run: Path) -> None:
    """Refuse before any image is read: choices that contradict each other, and weights that do not
    fit the network, unless ``run`` has begun already. Raises `ConfigError` and `TrainingError`.
    """
    check_recipe(config)
    if not (run / CHECKPOINT_FILE).exists():
        check_beginning(config.network, config.input.size)


def fit(
    config: TrainConfig,
    data: TrainingData,
    run: Path,
    on_epoch: OnEpoch | None = None,
) -> Fitted:
    """Train by ``config.recipe``, or go on after the last epoch that the folder ``run`` holds.

    A resumed run ends with the weights an uninterrupted one ends with: every step draws its
    randomness from the seed and its own number. ``on_epoch`` is called after each epoch is kept,
    and first of all in a resumed run; what it raises ends the run. A stop is heeded before each
    batch, never between the end of an epoch and ``on_epoch``. Under torchrun every process makes
    the same call and gets the same answer; the first one alone writes and calls ``on_epoch``.

    Raises `DivergedError` when a loss stops being finite, `TrainingError` when the checkpoint is
    damaged, of another run or cannot be written, or when the system ends a process that prepares
    images, `ConfigError` when the recipe contradicts itself.
    """
    check_recipe(config)
    keep_freed_memory()
    with join_processes() as process:
        checkpoint = _checkpoint(config, data, run)
        state = checkpoint.read()
        held_out = None
        if state is None and process.main:
            # What a run that is resumed with other images is compared with.
            try:
                with whole_file(run / SPLIT_FILE) as file:
                    file.write_text(data.splits.to_json(data.folder))
            except OSError as error:
                raise not_writable(run, error) from error
        if state is not None and on_epoch and process.main:
            # The run may have been killed after an epoch was kept and before this call.
            on_epoch(read_history(state["history"]))
        if state is not None and "weights" not in state and process.main:
            _say_resumed(config, run, read_history(state["history"]))
        if state is None or "weights" not in state:
            tracked = config.mlflow and process.main
            with tracking(config, run) if tracked else nullcontext() as log_history:
                unfinished = _Run(config, data, process, checkpoint, log_history, on_epoch)
                with _dead_workers_reported():
                    state = unfinished.go_on(state)
                held_out = unfinished.held_out
        return replace(_fitted(config, data, state), held_out=held_out)


def _say_resumed(config: TrainConfig, run: Path, history: Sequence[EpochRecord]) -> None:
    last = history[-1]
    say(
        f"{run}: goes on after epoch {last.epoch} of at most {config.epochs} (phase {last.phase}).",
        file=sys.stderr,
    )


@contextmanager
def _dead_workers_reported() -> Iterator[None]:
    """Raise `TrainingError` when the system ends a process that decodes and augments."""
    try:
        yield
    except RuntimeError as error:
        # Where the run is stopped, its other processes may end before this one: not a failure.
        check_stop()
        # The loader has no type of its own for it.
        if "DataLoader worker" not in str(error):
            raise
        raise worker_died(error) from error


def load_fitted(config: TrainConfig, data: TrainingData, run: Path) -> Fitted:
    """What `fit` returned for a run that is finished. Raises `TrainingError` where it is not."""
    checkpoint = _checkpoint(config, data, run)
    state = checkpoint.read()
    if state is None:
        raise TrainingError(f"{checkpoint.path} does not exist; train first.")
    if "weights" not in state:
        raise TrainingError(
            f"{checkpoint.path} has {len(state['history'])} epochs of a run that is not finished; "
            "start the training again to finish it."
        )
    return _fitted(config, data, state)


def _checkpoint(config: TrainConfig, data: TrainingData, run: Path) -> Checkpoint:
    changed = partial(images_changed, run, data.splits)
    return Checkpoint(run, identity(config, data.sha256), changed)


class _Run:
    """A run that is not finished."""

    def __init__(
        self,
        config: TrainConfig,
        data: TrainingData,
        process: Process,
        checkpoint: Checkpoint,
        log_history: LogHistory | None,
        on_epoch: OnEpoch | None,
    ) -> None:
        torch.manual_seed(config.seed)
        model = build_model(config.network, len(data.labels), config.input.size)
        model.to(process.device).to(memory_format=torch.channels_last)
        process.synchronize_batch_norm(model)
        if config.precision == "bfloat16" and process.device.type == "cpu":
            keep_slow_layers_in_float32(model)
        if config.recipe != "scratch":
            fold_frozen_batch_norm(Pixels(model), _example(config.input.size, process.device))
        run = checkpoint.path.parent
        self._session = Session(config, data, run, model, process)
        self._checkpoint = checkpoint
        self._log_history = log_history
        self._on_epoch = on_epoch
        self._started = time.perf_counter()
        self._history: list[EpochRecord] = []
        self.held_out: Tensor | None = None
        """See `Fitted`."""

    def go_on(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """All that is left to do after ``state``; the state of the finished run."""
        if state is not None:
            self._started -= state["seconds"]
        stopped, probe = False, None
        if self._session.config.recipe == "probe":
            probe, record, self.held_out = fit_probe(self._session)
            self._history = [record]
        for name, make_phase in PHASES[self._session.config.recipe]:
            if state is not None and state["phase"] != name:
                continue
            stopped = self._run_phase(make_phase(self._session), state)
            state = None
        finished = {
            "history": [vars(record) for record in self._history],
            "weights": self._session.model.state_dict(),
            "stopped_early": stopped,
            "probe": to_dict(probe),
        }
        written = self._write(finished)
        if probe is not None:
            self._tell(self._history)
        return written

    def _run_phase(self, phase: Phase, state: dict[str, Any] | None) -> bool:
        session = self._session
        loop = Loop(phase, session.process, session.config.seed, self._history)
        if state is not None:
            loop.load_state_dict(state)
        while not loop.finished:
            loop.run_epoch()
            self._write(loop.state_dict())
            self._tell(loop.history)
        loop.load_best()
        self._history = loop.history
        return loop.stopped_early

    def _tell(self, history: Sequence[EpochRecord]) -> None:
        """Tell whoever follows the run of an epoch that was kept."""
        if self._log_history:
            self._log_history(history)
        if self._on_epoch and self._session.process.main:
            self._on_epoch(history)

    def _write(self, state: dict[str, Any]) -> dict[str, Any]:
        state["seconds"] = time.perf_counter() - self._started
        if self._session.process.main:
            self._checkpoint.write(state)
        return state


def _example(size: int, device: torch.device) -> Tensor:
    """One image of noise, uint8 [1, size, size, 3]."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (1, size, size, 3), dtype=torch.uint8, generator=generator)
    return pixels.to(device)


def _fitted(config: TrainConfig, data: TrainingData, state: dict[str, Any]) -> Fitted:
    # Its weights are in the checkpoint; those it began from need not be there any more.
    plain = replace(config.network, weights="none", grow_from="")
    model = build_model(plain, len(data.labels), config.input.size)
    model.load_state_dict(state["weights"])
    history = read_history(state["history"])
    probe = state["probe"]
    return Fitted(
        model=model.eval(),
        history=history,
        best_epoch=best_record(history).epoch,
        stopped_early=state["stopped_early"],
        seconds=state["seconds"],
        probe=None if probe is None else parse(ProbeFit, probe, "checkpoint: probe"),
    )
