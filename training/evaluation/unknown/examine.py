"""Familiarity measured: own test images against sets of strangers."""

import numpy as np
import numpy.typing as npt

from training.evaluation.curves import roc
from training.evaluation.unknown import strangers
from training.evaluation.unknown.answers import answers, in_batches_of
from training.evaluation.unknown.thresholds import Decisions
from training.results.unknown import (
    FamiliarityHistogram,
    FamiliarityShares,
    StrangerSet,
    Unfamiliar,
)
from visionflow.answers.classifier import Classifier, FloatArray

BINS = 40


def examine_unfamiliar(
    classifier: Classifier,
    familiarity: FloatArray | None,
    test: Decisions,
    *,
    kept_target: float,
    kept_validation: float,
    seed: int,
) -> Unfamiliar | None:
    """None for a ``classifier`` without familiarity.

    ``familiarity`` [N] and ``test``: of the test images. ``seed`` draws the strangers.
    """
    manifest = classifier.manifest
    if manifest.familiarity is None or familiarity is None:
        return None
    sets, scores = [], {}
    for name in strangers.stranger_sets(manifest.label_names):
        drawn = strangers.drawn(name, manifest.input, strangers.IMAGES, seed)
        found = list(answers(classifier, in_batches_of(drawn, manifest.input.size)))
        scores[name] = np.array([one.familiarity for one in found], np.float32)
        curve = roc(familiarity, scores[name])
        answered = sum(one.unknown is None for one in found) / len(found)
        sets.append(StrangerSet(name, len(found), curve.area, answered, curve))
    return Unfamiliar(
        threshold=manifest.familiarity.threshold,
        kept_target=kept_target,
        kept_validation=kept_validation,
        kept_test=float(test.answered.mean()),
        unsure_test=float(test.unsure.mean()),
        unfamiliar_test=float(test.unfamiliar.mean()),
        strangers=tuple(sets),
        histogram=_histogram(familiarity, scores),
    )


def _histogram(own: FloatArray, strangers: dict[str, FloatArray]) -> FamiliarityHistogram:
    edges = np.histogram_bin_edges(np.concatenate([own, *strangers.values()]), BINS)

    def shares(values: FloatArray) -> tuple[float, ...]:
        counts: npt.NDArray[np.int64] = np.histogram(values, edges)[0]
        return tuple(round(float(n), 4) for n in counts / len(values))

    return FamiliarityHistogram(
        edges=tuple(round(float(edge), 6) for edge in edges),
        own=shares(own),
        strangers=tuple(FamiliarityShares(name, shares(each)) for name, each in strangers.items()),
    )
