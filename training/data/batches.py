"""Augmented batches for training, the same whatever the number of workers and processes."""

import atexit
import gc
import multiprocessing
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import NamedTuple, TypeAlias
from weakref import WeakSet

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from training.config import TrainConfig
from training.data.augment import Mix, image_transform
from training.data.balance import epoch_order
from training.data.listing import Int64Array
from training.data.upright_images import UprightImageSet
from training.errors import TrainingError
from training.stop import check_stop, stop_signals_held

_Loader: TypeAlias = "DataLoader[tuple[Tensor, Tensor]]"

BoolArray: TypeAlias = NDArray[np.bool_]

_FLIPS = 2**32
"""Where an epoch's number would stand in a seed."""

_workers: WeakSet[BaseProcess] = WeakSet()


class _Plan(NamedTuple):
    """What one batch consists of, decided before a worker sees it."""

    indices: list[int]
    seeds: list[int]
    flips: list[bool]
    mix_seed: int


class TrainBatches:
    """The batches of every epoch, shuffled and augmented by the config's seed alone.

    ``batch_size`` counts the images of all ``world`` processes together; this one, number
    ``rank``, makes its slice of every batch. ``steps`` per epoch: an incomplete last batch is
    dropped, because its noisier batch norm statistics cost accuracy, unless it is the only one.

    Raises `TrainingError` when a batch cannot be divided by ``world``.
    """

    def __init__(
        self,
        images: UprightImageSet,
        config: TrainConfig,
        batch_size: int,
        *,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        size = min(batch_size, len(images) // world * world)
        if size == 0 or size % world:
            raise TrainingError(
                f"Batches of {batch_size} out of {len(images)} images cannot be divided among "
                f"{world} processes; choose a batch size that is a multiple of {world}."
            )
        self.steps = len(images) // size
        dataset = _AugmentedBatches(images, config)
        self._plans = _Plans(images.targets, config, (self.steps, size), (rank, world))
        self._loader = _loader(dataset, self._plans, config.data.workers)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """uint8 [B, S, S, 3] with int64 [B], or float32 [B, C] where images are mixed.

        Stored channels first in memory, as the transforms leave them and networks take them.
        """
        self._plans.epoch = number
        yield from _batches(self._loader)


def augmented_once(
    images: UprightImageSet, config: TrainConfig, batch_size: int, number: int
) -> Iterator[Tensor]:
    """Each image once and in its order, augmented by (seed, ``number``): uint8 [B, S, S, 3] as of
    `TrainBatches.epoch`. ``config`` must mix no images."""
    seeds = np.random.default_rng((config.seed, number)).integers(2**63, size=len(images))
    flips = _flips(config, len(images), number)
    plans = [
        _Plan(places.tolist(), seeds[places].tolist(), flips[places].tolist(), 0)
        for places in np.split(np.arange(len(images)), range(batch_size, len(images), batch_size))
    ]
    loader = _loader(_AugmentedBatches(images, config), plans, config.data.workers)
    for batch, _ in _batches(loader):
        yield batch


def _flips(config: TrainConfig, count: int, epoch: int) -> BoolArray:
    """Which of ``count`` images are mirrored: by chance at first, then every other epoch, so that
    two epochs show both sides of each (Jordan 2024, arXiv:2404.00498)."""
    if not config.augment.horizontal_flip:
        return np.zeros(count, np.bool_)
    first = np.random.default_rng((config.seed, _FLIPS)).integers(2, size=count)
    return np.equal((first + epoch) % 2, 1)


def _loader(dataset: "_AugmentedBatches", plans: Iterable[_Plan], workers: int) -> _Loader:
    return DataLoader(
        dataset,
        batch_size=None,
        sampler=plans,
        num_workers=workers,
        persistent_workers=workers > 0,
        multiprocessing_context=_context() if workers else None,
        worker_init_fn=_begin_worker,
        # The loader draws a number per epoch. Without this it would come from the generator that
        # the training process uses, for dropout for instance.
        generator=torch.Generator(),
    )


def _batches(loader: _Loader) -> Iterator[tuple[Tensor, Tensor]]:
    with stop_signals_held(), _child_signal_kept(), _killed_at_exit():
        batches = iter(loader)
    try:
        yield from batches
    except (ConnectionError, EOFError) as error:
        # The worker that made the batch died before it handed it over.
        raise worker_died(error) from error


class _Plans(Sampler[_Plan]):
    """The plans of one epoch; everything random in it comes from (seed, epoch)."""

    def __init__(
        self,
        targets: Int64Array,
        config: TrainConfig,
        shape: tuple[int, int],
        place: tuple[int, int],
    ) -> None:
        self.epoch = 0
        self._targets = targets
        self._config = config
        self._balance = config.data.balance
        self._seed = config.seed
        self._steps, self._size = shape
        self._rank, self._world = place
        self._mixes = bool(config.augment.mixup or config.augment.cutmix)

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[_Plan]:
        generator = np.random.default_rng((self._seed, self.epoch))
        order = epoch_order(self._targets, self._balance, generator)
        seeds = generator.integers(2**63, size=len(order))
        flips = _flips(self._config, len(self._targets), self.epoch)[order]
        mix_seeds = generator.integers(2**63, size=self._steps)
        for step in range(self._steps):
            places = step * self._size + self._slice()
            yield _Plan(
                order[places].tolist(),
                seeds[places].tolist(),
                flips[places].tolist(),
                int(mix_seeds[step]),
            )

    def _slice(self) -> Int64Array:
        """The positions of this process's images in a batch. With mixing, also the image before
        them, with which the first of them is mixed.
        """
        share = self._size // self._world
        start = self._rank * share
        return np.arange(start - self._mixes, start + share) % self._size


class _AugmentedBatches(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, images: UprightImageSet, config: TrainConfig) -> None:
        self._images = images
        self._targets = torch.from_numpy(images.targets)
        self._side = config.input.size
        self._transform = image_transform(config.augment, config.input)
        self._mix = Mix(config.augment, len(images.labels))

    def __getitem__(self, plan: _Plan) -> tuple[Tensor, Tensor]:
        # The generators of the training process are left as they were when there are no workers.
        with torch.random.fork_rng(devices=[]):
            return self._make(plan)

    def _make(self, plan: _Plan) -> tuple[Tensor, Tensor]:
        images = torch.empty((len(plan.indices), 3, self._side, self._side), dtype=torch.uint8)
        each = zip(images, plan.indices, plan.seeds, plan.flips, strict=True)
        for row, index, seed, flipped in each:
            torch.default_generator.manual_seed(seed)
            image = torch.from_numpy(self._images[index]).permute(2, 0, 1)
            changed = self._transform(image)
            row.copy_(changed.flip(2) if flipped else changed)
        targets = self._targets[plan.indices]
        if self._mix:
            torch.default_generator.manual_seed(plan.mix_seed)
            images, targets = (x[1:] for x in self._mix(images, targets))
        return images.permute(0, 2, 3, 1), targets


@contextmanager
def _child_signal_kept() -> Iterator[None]:
    """Take back the handler of SIGCHLD that torch installs with its first worker.

    It raises for a dead worker in whatever the main thread does, even in a destructor. Without it
    the loader finds out as well, within 5 s, where it waits for that worker's batch.
    """
    before = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, before)


@contextmanager
def _killed_at_exit() -> Iterator[None]:
    """Note the workers that are started in the block, for `_kill_workers`."""
    before = multiprocessing.active_children()
    yield
    _workers.update(set(multiprocessing.active_children()).difference(before))


# Registered after multiprocessing's own, so it runs before: that one sends SIGTERM, which workers
# do not heed, and waits for ever for one whose batches were still in use.
@atexit.register
def _kill_workers() -> None:
    for worker in list(_workers):
        worker.kill()


def worker_died(error: Exception) -> TrainingError:
    """What to tell whoever owns a machine that ends the processes of a loader. Raises `Interrupted`
    where the run is to end anyway: whoever asked for that may have ended them too."""
    check_stop()
    return TrainingError(
        f"A process that prepares images died ({error}). Most often memory or /dev/shm is full: "
        "set data.workers to a lower number, 0 for none, and start the same command again; it goes "
        "on after the last epoch that was kept."
    )


def _begin_worker(_: int) -> None:
    # What a fork inherits is never collected there: that would copy the shared memory, and an
    # inherited loader would try to end workers that belong to another process.
    gc.freeze()


def _context() -> str:
    """Forked workers share the decoded images and start at once."""
    methods = multiprocessing.get_all_start_methods()
    return "fork" if "fork" in methods else methods[0]
