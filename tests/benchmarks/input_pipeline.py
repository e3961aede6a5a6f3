"""Augmented training batches per second, against torchvision's reference training loop.

Both do the same work on the same files with the same number of workers: a random resized crop to
224 px, a random flip, and normalisation to float32. They take turns, round by round.

VisionFlow's first pass decodes every image into the cache, then reads an epoch from it. Later
epochs only read the cache, in which the shorter side of every image has 232 px. So the smallest
crops are enlarged from fewer pixels than in the reference, which crops the file itself.
"""

import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from tests.benchmarks.contenders.worker import photo
from tests.benchmarks.figures import Figure, figure
from training.config import DEFAULTS, TrainConfig, load_config
from training.data.batches import TrainBatches
from training.data.listing import list_images
from training.data.upright_images import load_upright_images
from training.networks.network import IMAGENET

ROUNDS = 5
EPOCHS = 10
WORKERS = 2
BATCH = 32
DRAWN = 608
ARCHIVE = "general20.tar"

Batches = Iterable[tuple[Tensor, Tensor]]
Rates = dict[str, float]


def draw_photos(folder: Path) -> None:
    """Two classes of JPEG files, 500 x 375."""
    for i in range(DRAWN):
        file = folder / f"class {i % 2}" / f"{i:03}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo((500, 375), seed=i))


def unpack_photos(archive: Path, folder: Path) -> None:
    """Every fourth image of the archive."""
    with tarfile.open(archive) as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
        tar.extractall(folder, members=files[::4], filter="data")


def reference_batches(folder: Path) -> Batches:
    """The batches of torchvision's references/classification/train.py with its default flags."""
    preset = transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(0.5),
            transforms.PILToTensor(),
            transforms.ConvertImageDtype(torch.float),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    dataset = datasets.ImageFolder(str(folder), preset)
    return DataLoader(dataset, BATCH, shuffle=True, num_workers=WORKERS)


def our_config() -> TrainConfig:
    fields = {
        "input.size": 224,
        "input.resize": 232,
        "augment.crop": "resized",
        "augment.crop_scale": 0.08,  # RandomResizedCrop's default, which the reference uses
        "augment.horizontal_flip": True,
        "augment.color_jitter": 0.0,
        "data.workers": WORKERS,
    }
    return load_config(str(DEFAULTS), fields)


def normalised(batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
    """Add the normalisation that VisionFlow's network does; the reference's workers do theirs."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    for images, targets in batches:
        yield (images.permute(0, 3, 1, 2).contiguous().float() - mean) / std, targets


def seconds_per_image(batches: Batches) -> float:
    start = time.perf_counter()
    count = sum(len(images) for images, _ in batches)
    return (time.perf_counter() - start) / count


def one_round(folder: Path, reference: Batches) -> dict[str, float]:
    """Seconds per image of each kind of epoch."""
    listing, config = list_images(folder), our_config()
    theirs = seconds_per_image(reference)
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        images = load_upright_images(listing, config.input.resize, Path(cache))
        decoding = (time.perf_counter() - start) / len(listing)
        batches = TrainBatches(images, config, BATCH)
        first, later = (seconds_per_image(normalised(batches.epoch(n))) for n in (1, 2))
    return {"torchvision": theirs, "first pass": decoding + first, "later epoch": later}


def compare(folder: Path) -> Rates:
    """Images per second of each kind of epoch, medians of `ROUNDS`."""
    reference = reference_batches(folder)
    rounds = [one_round(folder, reference) for _ in range(ROUNDS)]
    seconds = {kind: statistics.median(times[kind] for times in rounds) for kind in rounds[0]}
    whole = seconds["first pass"] + (EPOCHS - 1) * seconds["later epoch"]
    seconds[f"{EPOCHS} epochs, first included"] = whole / EPOCHS
    return {kind: 1 / value for kind, value in seconds.items()}


def report() -> tuple[Figure, ...]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        draw_photos(Path(folder))
        found[f"{DRAWN} drawn images of 500 x 375"] = compare(Path(folder))
    if data := os.environ.get("VISIONFLOW_DATA"):
        with tempfile.TemporaryDirectory() as folder:
            unpack_photos(Path(data) / ARCHIVE, Path(folder))
            found["every 4th image of general20"] = compare(Path(folder) / "general20")
    n = f"median of {ROUNDS} rounds, {WORKERS} workers"
    return tuple(
        part
        for name, rates in found.items()
        for part in (
            figure("training pipeline", f"{name}: images a second", rates, "", n=n),
            figure(
                "training pipeline",
                f"{name}: throughput against torchvision's reference loop",
                {kind: rate / rates["torchvision"] for kind, rate in rates.items()},
                "x",
                n=n,
            ),
        )
    )
