"""Thresholds that keep what they say, also where the measures say nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.evaluation.colours import colour_set, familiar_classifier
from training.evaluation.unknown.thresholds import MARGIN, Thresholds, choose_thresholds
from visionflow.models.classifier import FloatArray, softmax


def drawn(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Confidence and familiarity that have something to do with each other."""
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 1, count)
    both = [common + generator.normal(0, 1, count) for _ in range(2)]
    confidence, familiarity = (1 / (1 + np.exp(-values)) for values in both)
    return confidence.astype(np.float32), familiarity.astype(np.float32)


@pytest.mark.parametrize("kept", [0.9, 0.95])
def test_new_images_are_kept_as_often_as_was_asked(kept: float) -> None:
    shares = []
    for seed in range(40):
        thresholds = choose_thresholds(*drawn(300, seed), kept)
        shares.append(thresholds.decide(*drawn(4000, 1000 + seed)).answered.mean())
    assert kept - 0.003 <= np.mean(shares) <= kept + 0.01


def test_of_the_images_that_chose_no_more_are_lost_and_both_measures_alike() -> None:
    confidence, familiarity = drawn(399, 0)
    thresholds = choose_thresholds(confidence, familiarity, 0.95)
    found = thresholds.decide(confidence, familiarity)
    # (399 + 1) * 0.05 - 1 = 19
    assert 17 <= (~found.answered).sum() <= 19
    assert thresholds.familiarity is not None
    below = [(confidence < thresholds.confidence).sum()]
    below.append((familiarity < thresholds.familiarity).sum())
    assert below[0] == below[1] > 5


def test_a_measure_that_is_always_the_same_leaves_all_to_the_other() -> None:
    confidence, familiarity = drawn(399, 0)
    same = np.ones(399, np.float32)
    sure = choose_thresholds(same, familiarity, 0.95)
    assert 0 < sure.confidence < 1
    assert (~sure.decide(same, familiarity).answered).sum() == 19
    alike = choose_thresholds(confidence, same, 0.95)
    assert (~alike.decide(confidence, same).answered).sum() == 19
    both = choose_thresholds(same, same, 0.95)
    # Rounding in another batch does not make an image unknown.
    rounded = np.nextafter(same, np.float32(0))
    assert both.decide(rounded, rounded).answered.all()


@pytest.mark.parametrize("count", [1, 2, 10, 18])
def test_few_images_are_all_kept_and_so_is_what_lies_a_little_lower(count: int) -> None:
    confidence, familiarity = drawn(count, 3)
    thresholds = choose_thresholds(confidence, familiarity, 0.95)
    assert thresholds.decide(confidence, familiarity).answered.all()
    assert thresholds.familiarity is not None
    spread = float(np.median(familiarity) - familiarity.min())
    assert thresholds.familiarity == pytest.approx(familiarity.min() - spread - MARGIN, abs=1e-6)
    assert thresholds.confidence >= 0


def test_all_are_kept_where_that_is_asked() -> None:
    thresholds = choose_thresholds(*drawn(500, 0), 1.0)
    assert thresholds.decide(*drawn(500, 0)).answered.all()


def test_without_familiarity_the_confidence_decides_alone() -> None:
    confidence, _ = drawn(399, 0)
    thresholds = choose_thresholds(confidence, None, 0.95)
    assert thresholds.familiarity is None
    assert thresholds.decide(confidence, None).unsure.sum() == 19


def test_what_is_not_a_number_gives_thresholds_that_are() -> None:
    confidence, familiarity = drawn(100, 0)
    confidence[:3] = np.nan
    familiarity[50:] = -np.inf
    for given in ((confidence, familiarity), (np.full(100, np.nan, np.float32), familiarity)):
        thresholds = choose_thresholds(*given, 0.95)
        assert thresholds.familiarity is not None
        assert np.isfinite([thresholds.confidence, thresholds.familiarity]).all()


def test_it_is_decided_as_the_served_classifier_decides(tmp_path: Path) -> None:
    taught = colour_set(60)
    classifier, familiar = familiar_classifier(tmp_path, taught)
    classifier.manifest = replace(classifier.manifest, unknown_threshold=0.9)
    generator = np.random.default_rng(0)
    images = np.concatenate(
        [taught.images, generator.integers(0, 256, taught.images.shape, np.uint8) // 90 * 90]
    )
    logits, embeddings, _ = classifier.run(images)
    found = Thresholds.of(classifier.manifest).decide(
        softmax(logits / classifier.manifest.temperature).max(axis=1),
        familiar.familiarity(embeddings),
    )
    served = [one.unknown for one in classifier.classify(images)]
    assert [reason == "unsure" for reason in served] == found.unsure.tolist()
    assert [reason == "unfamiliar" for reason in served] == found.unfamiliar.tolist()
    assert {None, "unsure", "unfamiliar"} == set(served)


def test_changes_count_the_reason_too() -> None:
    thresholds = Thresholds(0.5, 0.5)
    values = np.array([0.1, 0.9, 0.9, 0.1], np.float32)
    first = thresholds.decide(values, np.full(4, 0.9, np.float32))
    other = thresholds.decide(values, np.array([0.1, 0.9, 0.1, 0.9], np.float32))
    assert first.changes(first) == 0
    assert first.changes(other) == 0.5
