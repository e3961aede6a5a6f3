"""ROC and precision-recall curves, each class against the rest."""

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.results.findings import ClassCurve, Curve, Curves, CurveSet
from visionflow.answers.classifier import FloatArray
from visionflow.sentences import say

CURVE_POINTS = 100
# Points of all classes together: many classes get coarser curves, so that the report stays small.
_ALL_POINTS = 4000
_LEAST_POINTS = 20
_GRID = np.linspace(0, 1, CURVE_POINTS)

Float64Array = npt.NDArray[np.float64]


def score_curves(probabilities: FloatArray, targets: Int64Array, labels: tuple[str, ...]) -> Curves:
    """Curves of ``probabilities`` [N, C] against ``targets`` [N]."""
    if find_spec("sklearn") is None:
        return Curves(say("no_sklearn"), None, None)
    truth = targets[:, None] == np.arange(len(labels))
    measured = np.flatnonzero(truth.any(axis=0))
    if len(measured) < 2:
        return Curves(say("one_class_only"), None, None)
    points = int(np.clip(_ALL_POINTS // len(measured), _LEAST_POINTS, CURVE_POINTS))
    # A class without images has no true answers, so the micro average leaves its scores out.
    pooled = truth[:, measured].ravel(), probabilities[:, measured].ravel()
    rows = [(labels[i], truth[:, i], probabilities[:, i]) for i in measured]
    sets = []
    for trace in (_roc, _precision_recall):
        traced = [(label, *trace(right, scores)) for label, right, scores in rows]
        classes = tuple(
            ClassCurve(label, _curve(area, x, y, points)) for label, area, x, y in traced
        )
        area, x, y = trace(*pooled)
        mean = np.mean([np.interp(_GRID, x, y) for _, _, x, y in traced], axis=0)
        macro = _curve(float(np.mean([area for _, area, _, _ in traced])), _GRID, mean)
        sets.append(CurveSet(_curve(area, x, y), macro, classes))
    return Curves(None, *sets)


def roc(own: FloatArray, strangers: FloatArray) -> Curve:
    """Of a score: x is the share of ``strangers`` [M] at or above a threshold, y that of ``own``
    [N]."""
    right = np.arange(len(own) + len(strangers)) < len(own)
    return _curve(*_roc(right, np.concatenate([own, strangers])))


def _roc(
    right: npt.NDArray[np.bool_], scores: FloatArray
) -> tuple[float, Float64Array, Float64Array]:
    from sklearn.metrics import auc, roc_curve  # noqa: PLC0415

    false_rate, true_rate, _ = roc_curve(right, scores)
    return float(auc(false_rate, true_rate)), false_rate, true_rate


def _precision_recall(
    right: npt.NDArray[np.bool_], scores: FloatArray
) -> tuple[float, Float64Array, Float64Array]:
    from sklearn.metrics import average_precision_score, precision_recall_curve  # noqa: PLC0415

    precision, recall, _ = precision_recall_curve(right, scores, drop_intermediate=True)
    # scikit-learn goes from the lowest threshold, where recall is 1, to the highest.
    return float(average_precision_score(right, scores)), recall[::-1], precision[::-1]


def _curve(area: float, x: Float64Array, y: Float64Array, points: int = CURVE_POINTS) -> Curve:
    kept = _evenly_along(x, y, points)
    return Curve(area, _rounded(x[kept]), _rounded(y[kept]))


def _evenly_along(x: Float64Array, y: Float64Array, points: int) -> Int64Array:
    """Indices of at most ``points`` points, first and last among them, at even steps of the way."""
    if len(x) <= points:
        return np.arange(len(x))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(way, np.linspace(0, way[-1], points)))


def _rounded(values: Float64Array) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
