"""Warm latency by step, and int8 beside fp32 in the same run."""

import statistics
import time

import numpy as np

from tests.benchmarks.contenders.networks import NETWORKS, timed
from tests.benchmarks.contenders.worker import (
    SIZES,
    STARTER,
    call,
    install_service,
    photo,
    request,
    starter_manifest,
)
from tests.benchmarks.table import print_table
from visionflow.models.classifier import Classifier

CALLS = 60
INFERENCES = 400
# The queue hands over at most ten messages.
BATCHES = (1, 5, 10)
ROUNDS = 15
# What any server of this model has to do; the rest of an invocation is VisionFlow's own work.
MODEL_STEPS = ("decode", "prepare", "infer")

Steps = dict[str, float]


def by_step() -> dict[str, Steps]:
    """Median milliseconds of each step and of the whole invocation, by image size."""
    install_service()
    found = {}
    for name, size in SIZES.items():
        event = request(photo(size))
        calls: list[Steps] = []
        for _ in range(CALLS):
            start = time.perf_counter()
            timings = call(event)["timings"]
            timings["invocation"] = (time.perf_counter() - start) * 1000
            calls.append(timings)
        found[name] = {step: statistics.median(c[step] for c in calls) for step in calls[0]}
        found[name]["own work"] = found[name]["invocation"] - sum(
            found[name][step] for step in MODEL_STEPS
        )
    return found


def by_precision() -> dict[str, float]:
    """Median milliseconds of one inference on one thread, the precisions taking turns."""
    manifest = starter_manifest()
    side = manifest.input.size
    batch = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    classifiers = {
        precision: Classifier(STARTER / entry.path, manifest)
        for precision, entry in manifest.files.items()
    }
    times: dict[str, list[float]] = {precision: [] for precision in classifiers}
    for _ in range(INFERENCES):
        for precision, classifier in classifiers.items():
            start = time.perf_counter()
            classifier.run(batch)
            times[precision].append((time.perf_counter() - start) * 1000)
    return {precision: statistics.median(values) for precision, values in times.items()}


def by_batch() -> dict[str, dict[int, float]]:
    """Median ms of one image's share of an inference on one thread, by images in a batch."""
    found = {}
    for name in NETWORKS:
        network = timed(name)
        classifier = Classifier(network.file("int8"), network.manifest)
        side = network.manifest.input.size
        shape = (max(BATCHES), side, side, 3)
        images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        times: dict[int, list[float]] = {size: [] for size in BATCHES}
        for _ in range(ROUNDS):
            for size in BATCHES:
                start = time.perf_counter()
                for first in range(0, len(images), size):
                    classifier.run(images[first : first + size])
                times[size].append((time.perf_counter() - start) * 1000 / len(images))
        found[name] = {size: statistics.median(values) for size, values in times.items()}
    return found


def report() -> dict[str, object]:
    steps = by_step()
    names = list(next(iter(steps.values())))
    print_table(
        f"Warm latency by step in ms, median of {CALLS} invocations, one thread",
        ("step", *steps),
        [(name, *(f"{size[name]:.2f}" for size in steps.values())) for name in names],
    )
    precisions = by_precision()
    print_table(
        f"One inference of the starter, median of {INFERENCES}, one thread",
        ("precision", "ms", "against fp32"),
        [
            (name, f"{value:.3f}", f"{precisions['fp32'] / value:.2f}x")
            for name, value in precisions.items()
        ],
    )
    batches = by_batch()
    print_table(
        f"An image's share of an int8 inference in ms, median of {ROUNDS}, one thread",
        ("network", *(f"batch of {size}" for size in BATCHES)),
        [
            (name, *(f"{milliseconds:.2f}" for milliseconds in shares.values()))
            for name, shares in batches.items()
        ],
    )
    return {"steps": steps, "precisions": precisions, "batches": batches}
