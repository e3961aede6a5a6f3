import base64
import json
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from visionflow import strict
from visionflow.answers.classifier import FloatArray
from visionflow.errors import ConfigError
from visionflow.models.drift import (
    COMPONENTS,
    MIN_IMAGES,
    Reference,
    embedding_distance,
    measure_drift,
    measure_reference,
    read_sketch,
    stability_index,
)

FEATURES = 40
LABELS = {"a": 300, "b": 300, "c": 400}


def embeddings(n: int, seed: int, shift: float = 0.0, spread: float = 1.0) -> FloatArray:
    """Correlated and of very different sizes, as embeddings are; moved by so many deviations."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).normal(size=(FEATURES, FEATURES)) * np.geomspace(
        5, 0.05, FEATURES
    )
    points = rng.normal(size=(n, FEATURES)) * spread + shift
    found: FloatArray = (points @ mixing.T + 3).astype(np.float32)
    return found


REFERENCE = measure_reference(LABELS, embeddings(1000, seed=1))


def sums(points: FloatArray) -> tuple[int, list[int], list[int]]:
    steps = np.array([read_sketch(REFERENCE.embedding.sketch(point)) for point in points])
    return len(points), steps.sum(axis=0).tolist(), (steps**2).sum(axis=0).tolist()


def test_the_images_it_was_made_from_are_at_no_distance() -> None:
    distance = embedding_distance(*sums(embeddings(1000, seed=1)))
    assert distance is not None
    assert distance < 0.02  # what a byte's steps leave


def test_a_move_and_a_wider_spread_are_distances() -> None:
    near = embedding_distance(*sums(embeddings(500, seed=2)))
    moved = embedding_distance(*sums(embeddings(500, seed=2, shift=1.0)))
    wider = embedding_distance(*sums(embeddings(500, seed=2, spread=2.0)))
    assert near is not None
    assert moved is not None
    assert wider is not None
    assert near < 0.15
    assert 0.5 < moved < 4
    assert wider == pytest.approx(1.0, abs=0.2)  # from one deviation to two, in each direction


def test_the_distance_is_that_of_two_normal_distributions() -> None:
    # Sixteenths: mean 0.5 and variance 0.25 against 0 and 1.
    n, mean, deviation = 100, 0.5, 0.5
    first = [round(n * mean * 16)] * 3
    second = [round(n * (deviation**2 + mean**2) * 256)] * 3
    expected = sqrt(mean**2 + (deviation - 1) ** 2)
    assert embedding_distance(n, first, second) == pytest.approx(expected)


def test_a_sketch_is_small_and_survives_outliers() -> None:
    assert len(REFERENCE.embedding.sketch(embeddings(1, seed=3)[0])) == COMPONENTS
    far = read_sketch(REFERENCE.embedding.sketch(embeddings(1, seed=3, shift=1e6)[0]))
    assert max(map(abs, far)) == 127


def test_the_stability_index_of_a_textbook_example() -> None:
    # (a - e) ln(a / e) over shares of 0.5/0.5 and 0.7/0.3, of too many for half an image to show.
    found = {"x": 700_000, "y": 300_000}
    expected = {"x": 500_000, "y": 500_000}
    index = 0.2 * np.log(0.7 / 0.5) + (-0.2) * np.log(0.3 / 0.5)
    assert stability_index(found, expected) == pytest.approx(index, rel=1e-4)
    assert stability_index(found, found) == 0
    assert stability_index({}, {}) == 0


def test_the_same_mix_never_counts_as_drifted() -> None:
    rng = np.random.default_rng(4)
    for n in (10, 200, 2000):
        counts = dict(zip("abc", rng.multinomial(n, [0.3, 0.3, 0.4]).tolist(), strict=True))
        drift = measure_drift(REFERENCE, counts, *sums(embeddings(n, seed=5)))
        assert drift.verdict == ("too_few" if n < MIN_IMAGES else "steady"), drift


def test_another_mix_or_other_images_count_as_drifted_once_there_are_enough() -> None:
    same, other = {"a": 90, "b": 90, "c": 120}, {"a": 280, "b": 10, "c": 10}
    moved = sums(embeddings(300, seed=6, shift=2.0))
    assert measure_drift(REFERENCE, other, *sums(embeddings(300, seed=6))).verdict == "drifted"
    assert measure_drift(REFERENCE, same, *moved).verdict == "drifted"
    few = measure_drift(
        REFERENCE, {"a": 90, "b": 3, "c": 3}, *sums(embeddings(96, seed=6, shift=2.0))
    )
    assert (few.verdict, few.n, few.needed) == ("too_few", 96, MIN_IMAGES)


@pytest.mark.parametrize(("answers", "sketches"), [(199, 300), (300, 199), (170, 170), (1, 1)])
def test_too_few_images_are_neither_steady_nor_drifted(answers: int, sketches: int) -> None:
    for labels, shift in (({"a": answers}, 2.0), ({"a": answers // 2, "b": answers // 2}, 0.0)):
        drift = measure_drift(REFERENCE, labels, *sums(embeddings(sketches, seed=8, shift=shift)))
        assert drift.verdict == "too_few"
        assert drift.n < drift.needed == MIN_IMAGES


def test_a_reference_is_read_as_it_was_written() -> None:
    text = json.dumps(strict.to_dict(REFERENCE))
    again = Reference.parse(text)
    assert again == REFERENCE
    point = embeddings(1, seed=7)[0]
    assert again.embedding.sketch(point) == REFERENCE.embedding.sketch(point)


def test_a_damaged_reference_is_refused() -> None:
    data = strict.to_dict(REFERENCE)
    for change in ({"components": 3}, {"mean": "%%%"}, {"features": 0}):
        damaged = {**data, "embedding": {**data["embedding"], **change}}
        with pytest.raises(ConfigError):
            Reference.parse(json.dumps(damaged))


@pytest.mark.parametrize(
    "change",
    [{"images": -1}, {"images": 10**13}, {"labels": {"a": -1}}, {"labels": {"a": 10**13}}],
)
def test_counts_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="must be in 0"):
        Reference.parse(json.dumps({**strict.to_dict(REFERENCE), **change}))


def test_a_record_has_no_room_for_more_components() -> None:
    wide = measure_reference({"a": 3}, np.eye(3, dtype=np.float32)).embedding
    values = base64.b64encode(np.zeros((65, 3), "<f4").tobytes()).decode()
    with pytest.raises(ConfigError, match=r"components: must be in 1\.\.64"):
        replace(wide, components=65, projection=values)


def test_a_handful_of_equal_images_still_make_a_reference() -> None:
    reference = measure_reference({"a": 3}, np.ones((3, 8), np.float32))
    assert reference.embedding.components == 1
    assert reference.embedding.sketch(np.ones(8, np.float32)) == b"\0"
