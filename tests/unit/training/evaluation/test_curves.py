import sys

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.evaluation.curves import CURVE_POINTS, score_curves
from training.results.findings import Curve
from visionflow.answers.classifier import softmax

LABELS = ("cat", "dog", "frog")


def drawn(count: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that often point at the target."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, classes, count)
    logits = generator.normal(0, 1, (count, classes)) + 1.5 * np.eye(classes)[targets]
    return softmax(logits.astype(np.float32)), targets


def test_areas_are_those_of_scikit_learn() -> None:
    probabilities, targets = drawn(300)
    curves = score_curves(probabilities, targets, LABELS)
    assert curves.skipped is None and curves.roc and curves.precision_recall
    truth = np.eye(3)[targets]
    for average in ("micro", "macro"):
        roc, precision_recall = (
            getattr(one, average).area for one in (curves.roc, curves.precision_recall)
        )
        assert roc == pytest.approx(roc_auc_score(truth, probabilities, average=average))
        expected = average_precision_score(truth, probabilities, average=average)
        assert precision_recall == pytest.approx(expected)
    assert [one.label for one in curves.roc.classes] == list(LABELS)


def test_long_curves_are_thinned_and_keep_ends_and_shape() -> None:
    curves = score_curves(*drawn(5000), LABELS)
    assert curves.roc and curves.precision_recall
    roc = curves.roc.classes[0].curve
    assert len(roc.x) == len(roc.y) <= CURVE_POINTS
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc.area, abs=0.005)
    recall = curves.precision_recall.classes[0].curve
    assert (recall.x[0], recall.x[-1]) == (0, 1)
    assert list(recall.x) == sorted(recall.x)


def test_many_classes_get_coarser_curves() -> None:
    curves = score_curves(*drawn(6000, classes=60), tuple(map(str, range(60))))
    assert curves.roc
    assert sum(len(one.curve.x) for one in curves.roc.classes) <= 4000
    assert any(len(one.curve.x) > 30 for one in curves.roc.classes)


def test_a_class_without_images_has_no_curve_and_changes_no_mean() -> None:
    probabilities, targets = drawn(300)
    without = score_curves(probabilities, targets, LABELS)
    padded = np.concatenate([probabilities, np.zeros((300, 1), np.float32)], axis=1)
    assert score_curves(padded, targets, (*LABELS, "owl")) == without


def test_images_of_one_class_alone_have_no_curves() -> None:
    probabilities, _ = drawn(10)
    curves = score_curves(probabilities, np.zeros(10, np.int64), LABELS)
    assert curves.skipped == "the images are all of one class"
    assert curves.roc is curves.precision_recall is None


def test_perfect_scores_have_a_perfect_area() -> None:
    curves = score_curves(np.eye(3, dtype=np.float32), np.arange(3), LABELS)
    assert curves.roc and curves.precision_recall
    areas: list[Curve] = [curves.roc.macro, curves.roc.micro, curves.precision_recall.micro]
    assert [curve.area for curve in areas] == [1, 1, 1]


def test_without_scikit_learn_curves_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert score_curves(*drawn(10), LABELS).skipped == "scikit-learn is not installed"
