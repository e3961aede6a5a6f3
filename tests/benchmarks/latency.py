"""Warm latency by step, int8 against fp32, and batches, in one run."""

import statistics
import time
from collections.abc import Iterator

import numpy as np

from tests.benchmarks.contenders.networks import NETWORKS, timed
from tests.benchmarks.contenders.worker import (
    SIZES,
    call,
    install_service,
    photo,
    request,
)
from tests.benchmarks.figures import Figure, Target, figure
from visionflow.answers.classifier import Classifier

CALLS = 60
INFERENCES = 400
# The queue delivers at most ten messages at once.
BATCHES = (1, 5, 10)
ROUNDS = 15
MOST_OWN_MS = 1.5
MOST_MS = 9
STARTERS_NETWORK = "EfficientNet-Lite0"
# Steps of any server of this model; the rest of an invocation is VisionFlow's own work.
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
    """Median milliseconds of one inference on one thread; the precisions take turns."""
    network = timed(STARTERS_NETWORK)
    side = network.manifest.input.size
    batch = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    classifiers = {
        precision: Classifier(network.file(precision), network.manifest)
        for precision in ("fp32", "int8")
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


def report() -> tuple[Figure, ...]:
    return (*_report_steps(), *_report_precisions(), *_report_batches())


def _report_steps() -> Iterator[Figure]:
    n = f"median of {CALLS} invocations"
    for name, steps in by_step().items():
        what = f"warm invocation of the starter, {name} JPEG, one thread"
        whole = {"invocation": steps["invocation"]}
        usual = name == "0.3 MP"
        target = Target("at most", MOST_MS) if usual else None
        yield figure("serving latency", what, whole | steps, "ms", target=target, n=n)
        target = Target("at most", MOST_OWN_MS) if usual else None
        own = f"{what}: beside decoding, preparation and inference"
        yield figure("serving latency", own, steps["own work"], "ms", target=target, n=n)


def _report_precisions() -> Iterator[Figure]:
    times, n = by_precision(), f"median of {INFERENCES} each, in turns"
    what = f"one inference of {STARTERS_NETWORK}, one thread"
    yield figure("serving latency", what, times, "ms", n=n, seed=0)
    ratio = times["fp32"] / times["int8"]
    yield figure("serving latency", f"{what}: int8 against fp32", ratio, "x", n=n, seed=0)


def _report_batches() -> Iterator[Figure]:
    n = f"median of {ROUNDS} each, in turns"
    for name, shares in by_batch().items():
        what = f"an image's share of an int8 inference, {name}, one thread"
        times = {f"batch of {size}": value for size, value in shares.items()}
        yield figure("serving latency", what, times, "ms", n=n, seed=0)
