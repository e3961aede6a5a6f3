"""Whether an exported file may serve: its outputs against those of what it was made from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from training.errors import TrainingError
from training.models.classifier import Classifier as Network
from training.report.report import Form, Parity
from visionflow.classifier import Classifier, FloatArray
from visionflow.images import UInt8Array
from visionflow.manifest import GateCheck

# Batch norm is folded into the convolutions, which reorders sums of float32.
LOGIT_TOLERANCE = 1e-3
BATCH = 250
# Embeddings and maps are compared on the first pictures only; the maps of all may not fit.
COMPARED_MAPS = 500


@dataclass(frozen=True, eq=False)
class Outputs:
    """What one form of the model answers: logits [N, C] of all pictures, and of the first
    `COMPARED_MAPS` also the embedding [M, F] and the map [M, C, h, w]."""

    logits: FloatArray
    embedding: FloatArray
    cam: FloatArray


def network_outputs(network: Network, images: UInt8Array) -> Outputs:
    """Run torch in float32 on the CPU."""
    network.eval()
    with torch.inference_mode():
        return _collect(
            tuple(output.numpy() for output in network(torch.from_numpy(batch)))
            for batch in _batches(images)
        )


def session_outputs(classifier: Classifier, images: UInt8Array) -> Outputs:
    """Run ONNX Runtime as the Lambdas do."""
    return _collect(classifier.run(batch) for batch in _batches(images))


def compare(reference_form: Form, form: Form, reference: Outputs, outputs: Outputs) -> Parity:
    """The largest differences of ``outputs`` from ``reference``."""
    same = reference.logits.argmax(axis=1) == outputs.logits.argmax(axis=1)
    return Parity(
        reference=reference_form,
        form=form,
        logits=float(np.abs(reference.logits - outputs.logits).max()),
        embedding=float(np.abs(reference.embedding - outputs.embedding).max()),
        cam=float(np.abs(reference.cam - outputs.cam).max()),
        top1_agreement=float(same.mean()),
    )


def check_fp32(network: Outputs, fp32: Outputs) -> tuple[GateCheck, ...]:
    """The graph must reproduce the network: same logits within rounding, same top-1 but for ties.

    Raises `TrainingError` where it does not: that is a fault of the export, and nothing to serve.
    """
    difference = float(np.abs(network.logits - fp32.logits).max())
    best_two = np.sort(network.logits, axis=1)[:, -2:]
    tie = best_two[:, 1] - best_two[:, 0] <= 2 * LOGIT_TOLERANCE
    changed = network.logits.argmax(axis=1) != fp32.logits.argmax(axis=1)
    checks = (
        _at_most("fp32_logit_difference", difference, LOGIT_TOLERANCE),
        _at_most("fp32_top1_changes", float((changed & ~tie).sum()), 0.0),
    )
    for check in checks:
        if not check.passed:
            raise TrainingError(
                f"The ONNX graph does not reproduce the network: {check.name} is "
                f"{check.value:.3g}, at most {check.limit:.3g} is allowed."
            )
    return checks


def check_int8(fp32_top1: float, int8_top1: float, max_drop: float) -> GateCheck:
    """int8 may lose at most ``max_drop`` of validation top-1."""
    return _at_most("int8_top1_drop", fp32_top1 - int8_top1, max_drop)


def _at_most(name: str, value: float, limit: float) -> GateCheck:
    return GateCheck(name, value, limit, passed=value <= limit)


def _batches(images: UInt8Array) -> Iterator[UInt8Array]:
    return (images[start : start + BATCH] for start in range(0, len(images), BATCH))


def _collect(batches: Iterator[tuple[FloatArray, ...]]) -> Outputs:
    logits, embeddings, cams = [], [], []
    collected = 0
    for batch_logits, batch_embedding, batch_cam in batches:
        logits.append(batch_logits)
        if collected < COMPARED_MAPS:
            embeddings.append(batch_embedding)
            cams.append(batch_cam)
        collected += len(batch_logits)
    return Outputs(np.concatenate(logits), np.concatenate(embeddings), np.concatenate(cams))
