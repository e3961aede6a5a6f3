"""The checks of an exported file: its outputs against those of the model it was made from."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.data.image_set import in_batches
from training.data.listing import Int64Array
from training.evaluation.outputs import outputs_of
from training.results.report import Form, Parity
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.images.pipeline import UInt8Array
from visionflow.models.gate import UNKNOWN_CHECKS
from visionflow.models.manifest import GateCheck

# Batch norm is folded into the convolutions, which reorders sums of float32. How much that changes
# grows with the values themselves: this much of the largest, or of 10 where they are smaller.
TOLERANCE = 1e-4
LEAST_SCALE = 10.0
# Maps are compared on the first images only; those of all may not fit.
COMPARED_MAPS = 64
# How many images int8 may decide differently about, where that is more than one.
MOST_UNKNOWN_CHANGES = 0.03
# A head of 1,000 classes takes a third of the trunk's time more in fp32 than in int8.
MOST_TRUNK_LATENCY = 1.5


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of one form of the model: logits [N, C] and embedding [N, F] of all images; of
    the first `COMPARED_MAPS` also the map [M, C, h, w]."""

    logits: FloatArray
    embedding: FloatArray
    cam: FloatArray


@dataclass(frozen=True)
class ClassDrop:
    """How much recall of one class int8 loses, and how much it may lose, both in 0..1."""

    label: str
    drop: float
    allowed: float


def session_outputs(classifier: Classifier, images: UInt8Array) -> Outputs:
    """Run ONNX Runtime as the Lambdas do."""
    return collect(outputs_of(classifier, in_batches(images)))


def collect(batches: Iterator[tuple[FloatArray, ...]]) -> Outputs:
    """Of batches of logits, embeddings and maps; of these the first `COMPARED_MAPS` are kept."""
    logits, embeddings, cams = [], [], []
    collected = 0
    for batch_logits, batch_embedding, batch_cam in batches:
        logits.append(batch_logits)
        embeddings.append(batch_embedding)
        if collected < COMPARED_MAPS:
            cams.append(batch_cam[: COMPARED_MAPS - collected])
        collected += len(batch_logits)
    return Outputs(np.concatenate(logits), np.concatenate(embeddings), np.concatenate(cams))


def compare(reference_form: Form, form: Form, reference: Outputs, outputs: Outputs) -> Parity:
    """The largest differences of ``outputs`` from ``reference``."""
    same = reference.logits.argmax(axis=1) == outputs.logits.argmax(axis=1)
    return Parity(
        reference=reference_form,
        form=form,
        logits=_difference(reference.logits, outputs.logits),
        embedding=_difference(reference.embedding, outputs.embedding),
        cam=_difference(reference.cam, outputs.cam),
        top1_agreement=float(same.mean()),
    )


def check_fp32(network: Outputs, fp32: Outputs) -> tuple[GateCheck, ...]:
    """The graph must reproduce the network: its outputs within rounding, its top-1 but for ties."""
    return _check_same("fp32", network, fp32)


def check_head(
    reference: Outputs, served: Outputs, trunk_changes: int, latency_ratio: float
) -> tuple[GateCheck, ...]:
    """A new head must answer as its ``reference`` does, on a trunk in which nothing has changed,
    and take hardly longer than that with its own. ``latency_ratio``: its time divided by that."""
    return (
        _at_most("trunk_changes", trunk_changes, 0.0),
        *_check_same("head", reference, served),
        _at_most("trunk_latency_ratio", latency_ratio, MOST_TRUNK_LATENCY),
    )


def _check_same(form: str, reference: Outputs, outputs: Outputs) -> tuple[GateCheck, ...]:
    tolerance = _tolerance(reference.logits)
    best_two = np.sort(reference.logits, axis=1)[:, -2:]
    tie = best_two[:, 1] - best_two[:, 0] <= 2 * tolerance
    changed = reference.logits.argmax(axis=1) != outputs.logits.argmax(axis=1)
    return (
        *(
            _at_most(f"{form}_{name}_difference", _difference(wanted, found), _tolerance(wanted))
            for name, wanted, found in (
                ("logit", reference.logits, outputs.logits),
                ("embedding", reference.embedding, outputs.embedding),
                ("cam", reference.cam, outputs.cam),
            )
        ),
        _at_most(f"{form}_top1_changes", float((changed & ~tie).sum()), 0.0),
    )


def check_int8(
    top1_drop: float, worst_class: ClassDrop, latency_ratio: float, max_drop: float
) -> tuple[GateCheck, ...]:
    """int8 may lose ``max_drop`` of validation top-1, each class what it may lose, and int8 must be
    faster than fp32. ``latency_ratio``: its time divided by that of fp32."""
    return (
        _at_most("int8_top1_drop", top1_drop, max_drop),
        _at_most("int8_worst_class_drop", worst_class.drop, worst_class.allowed),
        GateCheck("int8_latency_ratio", latency_ratio, 1.0, passed=latency_ratio < 1),
    )


def check_unknown(proof: Literal["int8", "instant"], changes: float, images: int) -> GateCheck:
    """``changes``: the share of ``images`` images that the served form answers, calls unsure or
    calls unfamiliar where fp32, or the reference of a new head, does something else."""
    (name,) = UNKNOWN_CHECKS[proof]
    return _at_most(name, changes, max(MOST_UNKNOWN_CHANGES, 1 / images))


def top1_drop(fp32: FloatArray, int8: FloatArray, targets: Int64Array) -> float:
    """How much of top-1 the logits ``int8`` [N, C] lose against ``fp32``; negative for a gain."""
    return float(_lost(fp32, int8, targets).sum()) / len(targets)


def worst_class_drop(
    fp32: FloatArray,
    int8: FloatArray,
    targets: Int64Array,
    labels: tuple[str, ...],
    max_drop: float,
) -> ClassDrop:
    """The class that exceeds its limit most. The limit is ``max_drop`` of its recall, or one image
    where that is more."""
    counts = np.bincount(targets, minlength=len(labels))
    lost = np.bincount(targets, _lost(fp32, int8, targets), minlength=len(labels))
    drops = [
        ClassDrop(label, float(gone / count), max(max_drop, float(1 / count)))
        for label, gone, count in zip(labels, lost, counts, strict=True)
        if count
    ]
    return max(drops, key=lambda each: (each.drop - each.allowed, each.drop))


def _lost(fp32: FloatArray, int8: FloatArray, targets: Int64Array) -> npt.NDArray[np.int64]:
    """For each image 1 where only fp32 is right, -1 where only int8 is."""
    right = [np.asarray(logits.argmax(axis=1) == targets, np.int64) for logits in (fp32, int8)]
    return right[0] - right[1]


def alike(wanted: FloatArray, found: FloatArray) -> bool:
    """Whether they are the same but for rounding, by the gate's own limit."""
    return _difference(wanted, found) <= _tolerance(wanted)


def _tolerance(values: FloatArray) -> float:
    return TOLERANCE * max(LEAST_SCALE, float(np.abs(values).max(initial=0)))


def _difference(a: FloatArray, b: FloatArray) -> float:
    """The largest absolute one; where an output is not finite, the largest number that JSON has.

    0 where there is nothing to compare: a model without a pooled map has empty maps.
    """
    largest = float(np.abs(a - b).max(initial=0))
    return largest if np.isfinite(largest) else sys.float_info.max


def _at_most(name: str, value: float, limit: float) -> GateCheck:
    return GateCheck(name, value, limit, passed=value <= limit)
