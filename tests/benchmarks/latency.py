"""Warm latency by step, and int8 beside fp32 in the same run."""

import statistics
import time

import numpy as np

from tests.benchmarks.table import print_table
from tests.benchmarks.worker import (
    SIZES,
    STARTER,
    call,
    install_service,
    photo,
    request,
    starter_manifest,
)
from visionflow.classifier import Classifier

CALLS = 60
INFERENCES = 400

Steps = dict[str, float]


def by_step() -> dict[str, Steps]:
    """Median milliseconds of each step and of the whole invocation, by picture size."""
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
        known = sum(v for step, v in found[name].items() if step != "invocation")
        found[name]["everything else"] = found[name]["invocation"] - known
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
    return {"steps": steps, "precisions": precisions}
