"""What it costs a function to tell an unfamiliar image: time for an image, file and memory."""

import statistics
import time

import numpy as np

from tests.benchmarks.figures import Figure, Target, figure
from training.evaluation.unknown.familiar import MOST_IMAGES
from visionflow.answers.familiarity import FamiliarImages, finest_detail

FEATURES = {"MobileNetV2": 1280, "ResNet-50": 2048}
CLASSES = 20
SIDE = 224
ROUNDS = 500
MOST_MS = 0.5
MOST_MB = 10


def milliseconds(familiar: FamiliarImages, features: int) -> dict[str, float]:
    """Medians for one image."""
    generator = np.random.default_rng(0)
    embedding = generator.random((1, features), np.float32)
    image = generator.integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    answer = np.zeros(1, np.int64)
    times: dict[str, list[float]] = {"both": [], "familiarity": [], "detail": []}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        familiar.familiarity(embedding, answer)
        between = time.perf_counter()
        finest_detail(image)
        end = time.perf_counter()
        times["both"].append((end - start) * 1000)
        times["familiarity"].append((between - start) * 1000)
        times["detail"].append((end - between) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def report() -> tuple[Figure, ...]:
    found: list[Figure] = []
    for name, features in FEATURES.items():
        embeddings = np.random.default_rng(0).random((MOST_IMAGES, features), np.float32)
        familiar = FamiliarImages.of(embeddings, np.arange(MOST_IMAGES) % CLASSES, CLASSES)
        sizes = {
            "in memory": sum(part.nbytes for part in vars(familiar).values()) / 1e6,
            "file": len(familiar.to_bytes()) / 1e6,
        }
        what = f"telling an unfamiliar image, {name}, {MOST_IMAGES:,} stored images"
        n = f"median of {ROUNDS}"
        limit = Target("at most", MOST_MS)
        times = milliseconds(familiar, features)
        found.append(figure("serving latency", what, times, "ms", target=limit, n=n, seed=0))
        target = Target("at most", MOST_MB)
        found.append(figure("memory", what, sizes, "MB", target=target, seed=0))
    return tuple(found)
