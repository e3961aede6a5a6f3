"""Steps a second of the recipe ``finetune`` against a plain loop, and the seconds of a probe.

Both train MobileNetV2 in batches of 32 on the same files, with as many workers, epochs in turns.
Processor time, workers included, stands beside wall time: other work on the machine changes it
less. The plain loop is what a tutorial of torchvision has: ``ImageFolder`` with the same kinds of
random changes, AdamW, all weights trained in float32, batch norm in training mode. The recipe thaws
a stage an epoch; its last epochs train all that it ever trains.

The files are photos of general20 with ImageNet weights where VISIONFLOW_DATA holds them, and else
drawn ones with random weights.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.input_pipeline import draw_photos
from training.config import DEFAULTS, TrainConfig, load_config
from training.data.training_data import load_training_data
from training.fit.fit import fit
from training.networks.backbone import backbone
from training.results.history import EpochRecord

BATCH = 32
WORKERS = 2
EPOCHS = 9
PLAIN_EVERY = 4
"""Its epochs all do the same: one is run after the first, fifth and last of ours."""
KEPT = 8
"""Every so many files are trained on: some 7 steps an epoch."""
WEIGHTS = "mobilenet_v2-imagenet.pth"
ARCHIVE = "general20.tar"
STEPS_TARGET = Target("at least", 1.5)
PROBE_TARGET = Target("at most", 30.0)


class Taken(NamedTuple):
    """Seconds a step."""

    wall: float
    processor: float


class Clock:
    """Of this process and, for processor time, of its workers too."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), processor_seconds()

    def a_step(self, steps: int) -> Taken:
        """Since this clock was made, which took ``steps``."""
        wall = time.perf_counter() - self._wall
        return Taken(wall / steps, (processor_seconds() - self._processor) / steps)


def processor_seconds() -> float:
    """Of this process and its live children."""
    ticks = 0
    for child in multiprocessing.active_children():
        # proc(5): utime and stime are the 14th and 15th field, counted behind the name.
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


class PlainLoop:
    """The tutorial's loop."""

    def __init__(self, folder: Path) -> None:
        changes = transforms.Compose(
            [
                transforms.RandomResizedCrop(224, (0.5, 1.0)),
                transforms.RandomHorizontalFlip(),
                transforms.ColorJitter(0.2, 0.2, 0.2, 0.05),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )
        images = datasets.ImageFolder(str(folder), changes)
        self._loader = DataLoader(
            images,
            BATCH,
            shuffle=True,
            num_workers=WORKERS,
            drop_last=True,
            persistent_workers=True,
        )
        self._network = models.mobilenet_v2(num_classes=len(images.classes)).train()
        self._optimizer = torch.optim.AdamW(self._network.parameters(), 3e-4)
        self._loss = nn.CrossEntropyLoss(label_smoothing=0.1)

    def epoch(self) -> Taken:
        clock = Clock()
        for images, targets in self._loader:
            self._optimizer.zero_grad()
            self._loss(self._network(images), targets).backward()
            self._optimizer.step()
        return clock.a_step(len(self._loader))


def finetune_config(weights: Path) -> TrainConfig:
    return load_config(
        str(DEFAULTS),
        {
            "model.name": "mobilenet_v2",
            "model.weights": str(weights),
            "data.workers": WORKERS,
            "data.group_by": "content",
            "finetune.head.epochs": 3,
            "finetune.body.epochs": EPOCHS,
            "finetune.body.patience": 0,
        },
    )


def speeds(folder: Path, weights: Path) -> tuple[Figure, ...]:
    """``folder`` holds a folder for each class."""
    config, plain = finetune_config(weights), PlainLoop(folder)
    plain.epoch()  # workers start, files come into memory
    theirs: list[Taken] = []
    ours: list[Taken] = []
    with tempfile.TemporaryDirectory() as run:
        data = load_training_data(folder, config, Path(run) / "cache")
        steps = len(data.train_upright_images) // BATCH
        clock = Clock()

        def after_epoch(history: Sequence[EpochRecord]) -> None:
            nonlocal clock
            if history[-1].phase == "body":
                ours.append(clock.a_step(steps))
                if (len(ours) - 1) % PLAIN_EVERY == 0:
                    theirs.append(plain.epoch())
            clock = Clock()

        fit(config, data, Path(run), after_epoch)
    n = (
        f"{len(ours)} and {len(theirs)} epochs of {steps} steps in turns, batches of {BATCH}, "
        f"{WORKERS} workers, torch threads: {torch.get_num_threads()}"
    )
    return (
        figure(
            "training pipeline",
            "MobileNetV2, 224 px: `finetune` against a plain loop of torch and torchvision",
            {
                "steps a second": _mean(theirs).wall / _mean(ours).wall,
                "last epoch": theirs[-1].wall / ours[-1].wall,
                "processor time": _mean(theirs).processor / _mean(ours).processor,
            },
            "x",
            target=STEPS_TARGET,
            n=n,
            note="validation and checkpoint of each epoch are in the time of `finetune` alone",
        ),
        figure(
            "training pipeline",
            "MobileNetV2, 224 px: steps a second",
            {"`finetune`": 1 / _mean(ours).wall, "plain loop": 1 / _mean(theirs).wall},
            "steps/s",
            n=n,
        ),
        figure(
            "training pipeline",
            "MobileNetV2, 224 px: processor time of a step, its image preparation included",
            {
                "`finetune`": 1000 * _mean(ours).processor,
                "plain loop": 1000 * _mean(theirs).processor,
            },
            "ms",
            n=n,
        ),
    )


def probe_seconds(folder: Path, weights: Path) -> Figure:
    """From images to the gated model, by the command, in a new process."""
    images = sum(file.is_file() for file in folder.rglob("*"))
    with tempfile.TemporaryDirectory() as out:
        command = "-m infra.cli train --config visionflow20 --model mobilenet_v2 --recipe probe"
        where = ["--weights", str(weights), "--data", str(folder), "--out", f"{out}/run"]
        start, before = time.perf_counter(), os.times()
        subprocess.run([sys.executable, *command.split(), *where], check=True, capture_output=True)
        seconds, after = time.perf_counter() - start, os.times()
        processor = sum(after[2:4]) - sum(before[2:4])
    return figure(
        "training pipeline",
        "general20, MobileNetV2, `probe`: from the images to the gated model",
        {"wall": seconds, "processor": processor},
        "s",
        target=PROBE_TARGET,
        n=f"{images:,} images, one run, torch threads: {torch.get_num_threads()}",
    )


def _mean(epochs: Sequence[Taken]) -> Taken:
    return Taken(*map(statistics.mean, zip(*epochs, strict=True)))


def _random_weights(file: Path) -> Path:
    trunk = backbone("mobilenet_v2", 2).trunk
    torch.save({f"trunk.{name}": value for name, value in trunk.state_dict().items()}, file)
    return file


def _every(archive: Path, kept: int, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
        tar.extractall(folder, members=files[::kept], filter="data")
    return folder / archive.stem


def report() -> tuple[Figure, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if (given := os.environ.get("VISIONFLOW_DATA")) is None:
            draw_photos(folder / "drawn")
            return speeds(folder / "drawn", _random_weights(folder / "trunk.pt"))
        archive, weights = Path(given) / ARCHIVE, Path(given) / WEIGHTS
        found = speeds(_every(archive, KEPT, folder / "some"), weights)
        return (*found, probe_seconds(_every(archive, 1, folder / "all"), weights))
