from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.unit.training.evaluation.colours import (
    colour_set,
    familiar_classifier,
    tiny_classifier,
)
from training.evaluation.curves import roc
from training.evaluation.measure import measure_split
from training.evaluation.unknown.examine import BINS, examine_unfamiliar
from training.evaluation.unknown.thresholds import decide
from training.results.unknown import Unfamiliar


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Unfamiliar:
    images = colour_set(60)
    classifier, familiar = familiar_classifier(tmp_path_factory.mktemp("tiny"), images)
    measured = measure_split(classifier, images, familiar=familiar)
    assert measured.familiarity is not None
    probabilities = measured.probabilities(classifier.manifest.temperature)
    decisions = decide(classifier.manifest, probabilities, measured.familiarity, images.images)
    unfamiliar = examine_unfamiliar(
        classifier,
        measured.familiarity,
        decisions,
        kept_target=0.95,
        kept_validation=0.97,
        seed=1,
    )
    assert unfamiliar is not None
    return unfamiliar


def test_shares_of_own_images_add_up(found: Unfamiliar) -> None:
    assert found.kept_test + found.unsure_test + found.unfamiliar_test == pytest.approx(1)
    assert found.unfamiliar_test == 0
    assert 0 <= found.unsure_test < 1


def test_each_set_of_strangers_is_measured(found: Unfamiliar) -> None:
    assert [one.name for one in found.strangers] == ["text", "shapes", "textures", "digits"]
    for one in found.strangers:
        assert 0 <= one.answered <= 1
        assert (one.curve.x[0], one.curve.y[0], one.curve.x[-1], one.curve.y[-1]) == (0, 0, 1, 1)
        assert one.auroc == one.curve.area
    # The model knows one bright colour on dark: pages are nothing like it.
    assert found.strangers[0].auroc > 0.5


def test_the_histogram_counts_every_image(found: Unfamiliar) -> None:
    histogram = found.histogram
    assert len(histogram.edges) == BINS + 1
    for shares in (histogram.own, *(one.shares for one in histogram.strangers)):
        assert len(shares) == BINS
        assert sum(shares) == pytest.approx(1, abs=0.01)


def test_without_familiarity_there_is_nothing_to_examine(tmp_path: Path) -> None:
    classifier, images = tiny_classifier(tmp_path), colour_set(12)
    measured = measure_split(classifier, images)
    assert measured.familiarity is None
    decisions = decide(classifier.manifest, measured.probabilities(1.0), None, images.images)
    assert (
        examine_unfamiliar(
            classifier, None, decisions, kept_target=0.95, kept_validation=1.0, seed=1
        )
        is None
    )


def test_the_roc_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    own, strangers = (generator.normal(mean, 1, 500).astype(np.float32) for mean in (1, 0))
    curve = roc(own, strangers)
    truth = np.repeat([1, 0], 500)
    assert curve.area == pytest.approx(roc_auc_score(truth, np.concatenate([own, strangers])))
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=0.005)
