"""The whole serving path, bytes to answer, beside other ways to serve the same network.

Contenders take turns in one process, in a random order each time, so that a change of the machine's
load affects all of them alike. Timed is the request's bytes to the answer's JSON, without network,
S3 and DynamoDB.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.benchmarks.contenders.asgi import Backend, multipart
from tests.benchmarks.contenders.networks import NETWORKS, Timed, timed
from tests.benchmarks.contenders.peers import OpenVinoClassifier, eager, runtime, usual_backend
from tests.benchmarks.contenders.worker import SIZES, call, photo, request, serve_with
from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.serving_plot import Found, draw
from visionflow.answers.classifier import Classifier

OURS, USUAL, USUAL_RUNTIME, OPENVINO = (
    "VisionFlow int8",
    "FastAPI + torch",
    "FastAPI + ONNX Runtime fp32",
    "VisionFlow with OpenVINO int8",
)
CONTENDERS = (OURS, "VisionFlow fp32", USUAL, USUAL_RUNTIME, OPENVINO)
THREADS = (1, 2)
WARMUP = 2
# Turns of a comparison: as many as fit into this time, within these bounds.
SECONDS = 6.0
TURNS = (7, 60)
TURNED = f"median of {TURNS[0]} to {TURNS[1]} turns"
PLOT = Path(__file__).with_name("serving.png")
# By how much another way to serve ResNet-50 on one thread has to take longer.
TARGETS = (
    ("0.3 MP", USUAL, Target("at least", 5)),
    ("12 MP", USUAL, Target("at least", 4)),
    ("0.3 MP", OPENVINO, Target("at least", 0.87)),
)

Milliseconds = dict[str, float]
Call = Callable[[], object]


def compare(network: Timed, image: bytes, threads: int) -> Milliseconds:
    """Median ms of one answer by contender."""
    with _contenders(network, image, threads) as calls:
        turn = 0.0
        for ask in calls.values():
            for _ in range(WARMUP):
                ask()
            turn += _milliseconds(ask) / 1000
        turns = min(max(round(SECONDS / turn), TURNS[0]), TURNS[1])
        times: dict[str, list[float]] = {name: [] for name in calls}
        order = np.random.default_rng(0)
        for _ in range(turns):
            for name in order.permutation(list(calls)).tolist():
                times[name].append(_milliseconds(calls[name]))
    return {name: statistics.median(values) for name, values in times.items()}


@contextmanager
def _contenders(network: Timed, image: bytes, threads: int) -> Iterator[Mapping[str, Call]]:
    manifest = network.manifest
    event, body = request(image), multipart(image)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    infers = {USUAL: eager(network.module), USUAL_RUNTIME: runtime(network.file("fp32"), threads)}
    backends = {
        name: Backend(usual_backend(infer, manifest.input, manifest.label_names))
        for name, infer in infers.items()
    }
    classifiers = {
        OURS: Classifier(network.file("int8"), manifest, threads),
        "VisionFlow fp32": Classifier(network.file("fp32"), manifest, threads),
        OPENVINO: OpenVinoClassifier(network.file("int8"), manifest, threads),
    }

    def ours(classifier: Classifier) -> Call:
        def ask() -> dict[str, Any]:
            serve_with(manifest, classifier)
            return call(event)

        return ask

    def usual(backend: Backend) -> Call:
        return lambda: backend.call(body)

    calls: dict[str, Call] = {name: ours(found) for name, found in classifiers.items()}
    calls |= {name: usual(backend) for name, backend in backends.items()}
    try:
        yield {name: calls[name] for name in CONTENDERS}
    finally:
        torch.set_num_threads(before)
        for backend in backends.values():
            backend.close()


def _milliseconds(ask: Call) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


def report() -> tuple[Figure, ...]:
    found: dict[str, dict[str, dict[int, Milliseconds]]] = {}
    for name in NETWORKS:
        network = timed(name)
        for size, pixels in SIZES.items():
            image = photo(pixels)
            by_threads = {threads: compare(network, image, threads) for threads in THREADS}
            found.setdefault(name, {})[size] = by_threads
    draw(found, PLOT)
    return (*_report_times(found), *_report_targets(found))


def _report_times(found: Found) -> Iterator[Figure]:
    for name, sizes in found.items():
        for size, by_threads in sizes.items():
            for threads, medians in by_threads.items():
                what = f"{name}, {size} JPEG, bytes to answer, threads: {threads}"
                yield figure("serving latency", what, medians, "ms", n=TURNED, seed=0)


def _report_targets(found: Found) -> Iterator[Figure]:
    for size, contender, target in TARGETS:
        medians = found["ResNet-50"][size][1]
        what = f"ResNet-50, {size} JPEG, threads: 1: time of {contender} against {OURS}"
        ratio = medians[contender] / medians[OURS]
        yield figure("serving latency", what, ratio, "x", target=target, n=TURNED, seed=0)
