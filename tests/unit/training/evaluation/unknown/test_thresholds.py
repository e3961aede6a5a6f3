"""Thresholds that keep what they say, also where the measures say nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.evaluation.colours import colour_set, familiar_classifier
from training.data import image_set
from training.evaluation.unknown.thresholds import (
    MARGIN,
    Decisions,
    Thresholds,
    choose_thresholds,
    decide,
    details,
)
from visionflow.answers.answer import UnknownReason
from visionflow.answers.classifier import FloatArray, softmax

Measures = tuple[FloatArray, FloatArray, FloatArray]


def drawn(count: int, seed: int) -> Measures:
    """Confidence, familiarity and detail that have something to do with each other."""
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 1, count)
    values = [common + generator.normal(0, 1, count) for _ in range(3)]
    confidence, familiarity, detail = ((1 / (1 + np.exp(-v))).astype(np.float32) for v in values)
    return confidence, familiarity, detail


def lost_by(thresholds: Thresholds, measures: Measures) -> list[np.ndarray]:
    """For each measure which images are below its threshold."""
    limits = (thresholds.confidence, thresholds.familiarity, thresholds.detail)
    return [
        values < (-np.inf if limit is None else limit)
        for values, limit in zip(measures, limits, strict=True)
    ]


def lost(thresholds: Thresholds, measures: Measures) -> int:
    return int(np.any(lost_by(thresholds, measures), axis=0).sum())


@pytest.mark.parametrize("kept", [0.9, 0.95])
@pytest.mark.parametrize("count", [100, 300])
def test_new_images_are_kept_as_often_as_was_asked(kept: float, count: int) -> None:
    shares = []
    for seed in range(200):
        thresholds = choose_thresholds(*drawn(count, seed), kept)
        shares.append(1 - lost(thresholds, drawn(4000, 1000 + seed)) / 4000)
    assert kept - 0.004 <= np.mean(shares) <= kept + 0.01


def test_each_measure_loses_its_share_of_the_images_that_chose() -> None:
    measures = drawn(999, 0)
    thresholds = choose_thresholds(*measures, 0.95)
    unsure, unfamiliar, smooth = lost_by(thresholds, measures)
    # Of (999 + 1) * 0.05 in all, 0.1 and 0.1; less one for each of three thresholds.
    assert lost(thresholds, measures) == 47
    assert (unsure.sum(), smooth.sum()) == (4, 4)
    assert unfamiliar.sum() > 39


def test_a_measure_that_is_always_the_same_leaves_all_to_familiarity() -> None:
    confidence, familiarity, detail = drawn(399, 0)
    same = np.ones(399, np.float32)
    sure = choose_thresholds(same, familiarity, same, 0.95)
    assert 0 < sure.confidence < 1
    assert lost(sure, (same, familiarity, same)) == 19
    alike = choose_thresholds(confidence, same, detail, 0.95)
    assert 0 < lost(alike, (confidence, same, detail)) <= 5
    both = choose_thresholds(same, same, same, 0.95)
    # Rounding in another batch does not make an image unknown.
    rounded = np.nextafter(same, np.float32(0))
    assert lost(both, (rounded, rounded, rounded)) == 0


@pytest.mark.parametrize("count", [1, 2, 10, 18])
def test_few_images_are_all_kept_and_so_is_what_lies_a_little_lower(count: int) -> None:
    measures = drawn(count, 3)
    thresholds = choose_thresholds(*measures, 0.95)
    assert lost(thresholds, measures) == 0
    _, familiarity, detail = measures
    for values, threshold in (
        (familiarity, thresholds.familiarity),
        (detail, thresholds.detail),
    ):
        assert threshold is not None
        spread = float(np.median(values) - values.min())
        assert threshold == pytest.approx(values.min() - spread - MARGIN, abs=1e-6)
    assert thresholds.confidence >= 0


def test_enough_images_for_all_measures_together_lose_no_more() -> None:
    for count in (19, 60, 150, 250):
        measures = drawn(count, 1)
        assert lost(choose_thresholds(*measures, 0.95), measures) <= (count + 1) // 20 - 1 + 1


def test_all_are_kept_where_that_is_asked() -> None:
    assert lost(choose_thresholds(*drawn(500, 0), 1.0), drawn(500, 0)) == 0


def test_without_familiarity_the_confidence_decides_alone() -> None:
    confidence, _, detail = drawn(399, 0)
    thresholds = choose_thresholds(confidence, None, detail, 0.95)
    assert thresholds.familiarity is None and thresholds.detail is None
    assert (confidence < thresholds.confidence).sum() == 19


def test_what_is_not_a_number_gives_thresholds_that_are() -> None:
    confidence, familiarity, detail = drawn(100, 0)
    confidence[:3] = np.nan
    familiarity[50:] = -np.inf
    nothing = np.full(100, np.nan, np.float32)
    for measures in ((confidence, familiarity, detail), (nothing, familiarity, nothing)):
        thresholds = choose_thresholds(*measures, 0.95)
        assert thresholds.familiarity is not None and thresholds.detail is not None
        assert np.isfinite([thresholds.confidence, thresholds.familiarity, thresholds.detail]).all()


def test_it_is_decided_as_the_served_classifier_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = colour_set(60)
    classifier, familiar = familiar_classifier(tmp_path, taught)
    classifier.manifest = replace(classifier.manifest, unknown_threshold=0.9)
    generator = np.random.default_rng(0)
    images = np.concatenate(
        [taught.images, generator.integers(0, 256, taught.images.shape, np.uint8) // 90 * 90]
    )
    logits, embeddings, _ = classifier.run(images)
    familiarity = familiar.familiarity(embeddings, logits.argmax(axis=1))
    monkeypatch.setattr(image_set, "LARGEST_BATCH", 17)
    found = decide(classifier.manifest, softmax(logits), familiarity, images)
    served = [one.unknown for one in classifier.classify(images)]
    assert [reason == "unsure" for reason in served] == found.unsure.tolist()
    assert [reason == "unfamiliar" for reason in served] == found.unfamiliar.tolist()
    assert {None, "unsure", "unfamiliar"} == set(served)
    assert details(images).shape == (120,)


def test_changes_count_the_reason_too() -> None:
    reasons: list[UnknownReason | None] = ["unsure", None, None, "unfamiliar"]
    first = Decisions.of(reasons)
    assert first.answered.tolist() == [False, True, True, False]
    assert first.changes(first) == 0
    assert first.changes(Decisions.of(["unsure", None, "unsure", "unsure"])) == 0.5
