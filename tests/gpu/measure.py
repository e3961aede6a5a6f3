"""What is measured on a GPU: how fast it is fed, and how far the config cifar10-whitened gets.

Shrunken by `Scale` it runs on any processor, so that it works when a GPU is there.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tests.benchmarks.figures import Figure, Target, figure
from training.config import TrainConfig, load_config
from training.data.batches import TrainBatches
from training.data.listing import list_images
from training.data.upright_images import load_upright_images
from training.fit.optim.optimizers import Part, make_optimizers
from training.fit.precision import autocast
from training.networks.build import build_model
from training.train import train

CONFIG = "cifar10-whitened"
CIFAR10_TARGET = 94.0
BATCHES = 40


@dataclass(frozen=True)
class Scale:
    """``fields``: what differs from `CONFIG`, by dotted name; ``batches``: to time."""

    fields: Mapping[str, Any]
    batches: int = BATCHES


GPU = Scale(
    {
        "model.widths": [128, 384, 512],
        "scratch.epochs": 60,
        "scratch.batch_size": 512,
        "data.workers": 14,
        "data.group_by": "content",
    }
)
"""Of one GPU and some 16 cores: about five minutes."""


def measured(data: Path, out: Path, scale: Scale) -> tuple[Figure, ...]:
    """``data`` has ``train`` and ``test``, as CIFAR-10's JPEG files come."""
    config = load_config(CONFIG, scale.fields)
    return (*fed(config, data / "train", scale.batches), *cifar10(config, data, out))


def fed(config: TrainConfig, images: Path, batches: int) -> tuple[Figure, ...]:
    """Images a second: of the loader alone, of training on one batch again and again, of both."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = config.scratch.batch_size
    whole = load_upright_images(list_images(images), config.input.resize)
    loader = TrainBatches(whole, config, size)
    model = build_model(config.model, len(whole.labels), config.input.size).to(device)
    model.to(memory_format=torch.channels_last).train()
    optimizers = make_optimizers([Part(model.head), Part(model.trunk)], config.scratch.optimizer)

    def step(pixels: Tensor, targets: Tensor) -> None:
        with autocast(device, config.precision == "bfloat16"):
            logits = model.logits(pixels.to(device, non_blocking=True))
        loss = functional.cross_entropy(logits.float(), targets.to(device))
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()

    def rate(stream: Iterable[tuple[Tensor, Tensor]], *, trained: bool) -> float:
        count, start = 0, 0.0
        # The first batch waits for workers and kernels.
        for number, (pixels, targets) in enumerate(stream):
            if trained:
                step(pixels, targets)
            if number == 0:
                _wait(device)
                start = time.perf_counter()
            else:
                count += len(targets)
        _wait(device)
        return count / (time.perf_counter() - start)

    def endless() -> Iterator[tuple[Tensor, Tensor]]:
        epoch = 1
        while True:
            yield from loader.epoch(epoch)
            epoch += 1

    first = next(endless())
    own = [(first[0].to(device), first[1].to(device))] * (batches + 1)
    rates = {
        "loader and network": rate(islice(endless(), batches + 1), trained=True),
        "network alone": rate(own, trained=True),
        "loader alone": rate(islice(endless(), batches + 1), trained=False),
    }
    workers = f"{config.data.workers} workers"
    what = f"config {CONFIG} on {_device_name()}, {workers}: images trained on"
    return (figure("training pipeline", what, rates, "images/s", n=f"{batches} batches of {size}"),)


def cifar10(config: TrainConfig, data: Path, out: Path) -> tuple[Figure, ...]:
    """Train, export and measure. Raises `AssertionError` where a check of the gate fails."""
    start = time.perf_counter()
    report = train(config, data, out)
    seconds = time.perf_counter() - start
    if failed := [check for check in report.gate if not check.passed]:
        raise AssertionError(f"the gate failed: {failed}")
    images = report.data.test.images
    what = f"CIFAR-10 on {_device_name()}, {config.scratch.epochs} epochs of {config.model.name}"
    return (
        figure(
            "accuracy",
            f"{what}: top-1",
            {
                "test": 100 * report.test.top1,
                "validation, best epoch": 100 * max(r.validation_top1 for r in report.history),
            },
            "%",
            target=Target("at least", CIFAR10_TARGET),
            n=f"{images:,} test images",
            seed=config.seed,
        ),
        figure("training pipeline", f"{what}: from images to the gated model", seconds, "s"),
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU"
