"""A report of a thousand classes on three levels, scored as training scores one."""

from dataclasses import replace

import numpy as np

from training.evaluation.metrics import evaluate
from training.evaluation.parents.levels import measure_levels
from training.results.findings import ClassCurve, CurveSet, EmbeddingMap
from training.results.report import Report
from visionflow.models.label_tree import Label, LabelTree

CLASSES, IMAGES = 1000, 2000
SIDE = 10
LABELS = tuple(Label(f"label {i:03}", f"family {i // SIDE:02}") for i in range(CLASSES))
PARENTS = (
    *(Label(f"family {i:02}", f"group {i // SIDE}") for i in range(SIDE * SIDE)),
    *(Label(f"group {i}", None) for i in range(SIDE)),
)
TREE = LabelTree(LABELS, PARENTS)


def of_many_classes(report: Report) -> Report:
    """``report`` with random answers: two in three right, the others mostly in the family."""
    generator = np.random.default_rng(0)
    targets = np.arange(IMAGES) % CLASSES
    logits = generator.normal(0, 1, (IMAGES, CLASSES)).astype(np.float32)
    logits[np.arange(IMAGES), targets] += 8
    logits[np.arange(IMAGES), targets // SIDE * SIDE + generator.integers(0, SIDE, IMAGES)] += 7.5
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = tuple(label.name for label in LABELS)
    scores = evaluate(probabilities, targets, labels, probabilities.max(axis=1) >= 0.3)
    part = replace(report.data.test, images=IMAGES, per_class=(IMAGES // CLASSES,) * CLASSES)
    groups = replace(report.data.groups, single_group_labels=labels)
    answers = probabilities.argmax(axis=1)
    places = generator.normal(targets[:, None] // SIDE // SIDE, 0.3, (IMAGES, 2))
    return replace(
        report,
        data=replace(
            report.data, labels=labels, train=part, validation=part, test=part, groups=groups
        ),
        test=scores,
        findings=replace(
            report.findings,
            curves=replace(
                report.findings.curves,
                roc=_repeated(report.findings.curves.roc, labels),
                precision_recall=_repeated(report.findings.curves.precision_recall, labels),
            ),
            embedding_map=EmbeddingMap(
                None,
                tuple(places[:, 0].round(3).tolist()),
                tuple(places[:, 1].round(3).tolist()),
                tuple(targets.tolist()),
                tuple(answers.tolist()),
            ),
        ),
        tree=(*LABELS, *PARENTS),
        levels=measure_levels(TREE, probabilities, targets, 0.4, np.ones(IMAGES, np.bool_)),
    )


def _repeated(curves: CurveSet | None, labels: tuple[str, ...]) -> CurveSet | None:
    """The first curve for every class, as coarse as those of a thousand: tracing each would take
    seconds."""
    if curves is None:
        return None
    curve = curves.classes[0].curve
    coarse = replace(curve, x=curve.x[::5], y=curve.y[::5])
    return replace(
        curves,
        classes=tuple(
            ClassCurve(label, replace(coarse, area=i / len(labels)))
            for i, label in enumerate(labels)
        ),
    )
