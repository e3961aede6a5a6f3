"""The time that decoding a JPEG at reduced scale saves, and its effect on accuracy.

``python -m tests.benchmarks reduced_decode`` times bytes to tensor and thumbnail.
``python -m tests.benchmarks.reduced_decode ARTIFACT FOLDER [--enlarge N] [--every N]`` measures an
artifact's accuracy on class folders with and without reduced decoding. It enlarges the images, with
the grain of a camera's sensor, to the smallest size that is reduced by N.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.contenders.worker import photo
from tests.benchmarks.figures import Figure, figure
from training.data.listing import list_images
from visionflow.answers.classifier import Classifier
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage, UInt8Array
from visionflow.models.manifest import read_artifact

TURNS = 21
SPEC = InputSpec(224, 256)
SIZES = {"0.3 MP": (640, 480), "2 MP": (1600, 1200), "12 MP": (4000, 3000)}
GRAIN = 4.0  # standard deviation in grey levels
BATCH = 64


def whole(data: bytes) -> DecodedImage:
    """Decode every pixel."""
    return pipeline.decode(data)


def reduced(data: bytes) -> DecodedImage:
    """Decode as serving does."""
    return pipeline.decode(data, SPEC)


def seconds(decode: Callable[[bytes], DecodedImage], data: bytes) -> float:
    """Processor time of bytes to tensor and thumbnail."""
    start = time.process_time()
    image = decode(data)
    pipeline.prepare(image, SPEC)
    pipeline.thumbnail(image)
    return time.process_time() - start


def report() -> tuple[Figure, ...]:
    """Median milliseconds by image, both ways in turns."""
    figures = []
    for name, size in SIZES.items():
        data = photo(size)
        times = [(seconds(whole, data), seconds(reduced, data)) for _ in range(TURNS)]
        plain, fast = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        figures.append(
            figure(
                "serving latency",
                f"JPEG of {name}, bytes to tensor (224 px) and thumbnail, processor time",
                {"as served": fast, "every pixel decoded": plain},
                "ms",
                n=f"median of {TURNS} turns",
                seed=0,
            )
        )
    return tuple(figures)


def enlarged(data: bytes, spec: InputSpec, reduction: int, seed: int) -> bytes:
    """Enlarge an image to the smallest size that the image path reduces by ``reduction``."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    least = (
        reduction * pipeline.HEADROOM * spec.resize / min(image.size),
        reduction * pipeline.THUMBNAIL_HEADROOM * pipeline.THUMBNAIL_SIDE / max(image.size),
    )
    size = [int(length * max(least)) + 2 for length in image.size]
    large = np.asarray(image.resize((size[0], size[1]), Image.Resampling.LANCZOS), np.float32)
    grain = np.random.default_rng(seed).normal(0, GRAIN, (*large.shape[:2], 1))
    buffer = io.BytesIO()
    noisy = Image.fromarray((large + grain).clip(0, 255).astype(np.uint8))
    noisy.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def accuracy(artifact: Path, folder: Path, reduction: int, every: int) -> None:
    """Print top-1 of both ways on every ``every``-th image of ``folder``."""
    manifest = read_artifact(artifact)
    classifier = Classifier(artifact / manifest.served_file.path, manifest)
    listing = list_images(folder, manifest.label_names)
    indices = range(0, len(listing), every)
    answers: list[list[int]] = [[], []]
    differences = []
    for start in range(0, len(indices), BATCH):
        tensors: tuple[list[UInt8Array], list[UInt8Array]] = ([], [])
        for index in indices[start : start + BATCH]:
            data = enlarged(listing.path(index).read_bytes(), manifest.input, reduction, index)
            fast = pipeline.decode(data, manifest.input)
            assert fast.reduction == reduction
            for column, image in zip(tensors, (pipeline.decode(data), fast), strict=True):
                column.append(pipeline.prepare(image, manifest.input))
            difference = np.abs(tensors[0][-1].astype(int) - tensors[1][-1])
            differences.append(float(difference.mean()))
        for given, column in zip(answers, tensors, strict=True):
            given.extend(classifier.run(np.stack(column))[0].argmax(axis=1).tolist())
    plain, fast_answers = (np.array(given) for given in answers)
    targets = listing.targets[list(indices)]
    print(
        f"{manifest.name} on {len(indices):,} images of {folder.name}, reduced by {reduction}: "
        f"top-1 {np.mean(plain == targets):.2%} whole, {np.mean(fast_answers == targets):.2%} "
        f"reduced, the same answer to {np.mean(plain == fast_answers):.2%}; mean difference of "
        f"tensors {statistics.median(differences):.2f} grey levels, at most {max(differences):.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifact", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--enlarge", type=int, choices=(2, 4, 8), default=2)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    accuracy(arguments.artifact, arguments.folder, arguments.enlarge, arguments.every)
    return 0


if __name__ == "__main__":
    sys.exit(main())
