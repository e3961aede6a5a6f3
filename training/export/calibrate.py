"""What an exported model is told about its own answers, from validation images: temperature,
thresholds of `unknown`, and the confidences that prediction sets are made from."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.evaluation.metrics import evaluate
from training.evaluation.parents.naming import Naming
from training.evaluation.unknown.familiar import FAMILIAR_FILE, familiar_images
from training.evaluation.unknown.prediction_sets import conformity
from training.evaluation.unknown.thresholds import (
    MARGIN,
    Thresholds,
    choose_thresholds,
    decide,
    details,
)
from training.export.artifact import write_whole
from training.export.export import Export, serve_fp32
from training.export.gate_checks import Outputs, check_unknown
from training.fit.temperature import fit_temperature
from training.results.scores import Evaluation
from visionflow.answers.classifier import Classifier, FloatArray, softmax
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.gate import proof_of
from visionflow.models.manifest import Familiarity, FileEntry
from visionflow.sentences import say


@dataclass(frozen=True, eq=False)
class Calibrated:
    """``export``: of what serves, its manifest calibrated. ``familiar``: None where the embeddings
    are not numbers."""

    export: Export
    validation: Evaluation
    familiar: FamiliarImages | None


def calibrate(
    export: Export,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
) -> Calibrated:
    """Calibrate the served form of the ``export`` in ``folder`` on the validation images.

    int8 serves only where it decides about `unknown` as fp32 does; else fp32 is calibrated and
    served. A new head has its reference, and nothing that could serve instead.
    """
    calibrated = _calibrate(export, config, data, folder)
    proof = proof_of(export.manifest)
    if proof == "fp32":
        return calibrated
    manifest = calibrated.export.manifest
    served, reference = (
        decide(
            manifest,
            softmax(outputs.logits / np.float32(manifest.temperature)),
            _familiarity(calibrated.familiar, outputs),
            data.validation.images,
        )
        for outputs in (
            export.served,
            export.outputs["reference" if proof == "instant" else "fp32"],
        )
    )
    check = check_unknown(proof, served.changes(reference), len(data.validation))
    if check.passed or proof == "instant":
        manifest = replace(manifest, gate=(*manifest.gate, check))
        return replace(calibrated, export=replace(calibrated.export, manifest=manifest))
    reason = say("unknown_changed", share=check.value, allowed=check.limit)
    return _calibrate(serve_fp32(export, reason, folder), config, data, folder)


def _calibrate(
    export: Export,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
) -> Calibrated:
    outputs, images = export.served, data.validation
    file = folder / export.manifest.served_file.path
    classifier = Classifier(file, export.manifest)
    familiar = familiar_images(
        classifier, data.splits.train, data.train_batches, config.seed, export.taught
    )
    temperature = fit_temperature(outputs.logits, images.targets)
    probabilities = softmax(outputs.logits / np.float32(temperature))
    familiarity = _familiarity(familiar, outputs)
    naming = Naming.of(data.tree, probabilities, images.targets)
    thresholds = choose_thresholds(
        naming.confidences.max(axis=1),
        familiarity,
        details(images.images),
        config.export.known_kept,
    )
    confidence = thresholds.confidence
    if data.tree.parents:
        confidence = naming.least_threshold(confidence, config.export.right_answers, MARGIN)
    manifest = replace(
        export.manifest,
        temperature=temperature,
        unknown_threshold=confidence,
        familiarity=_stored(familiar, thresholds, folder),
        conformity=conformity(probabilities, images.targets),
    )
    answered = decide(manifest, probabilities, familiarity, images.images).answered
    if manifest.familiarity is not None:
        kept = replace(manifest.familiarity, kept=float(answered.mean()))
        manifest = replace(manifest, familiarity=kept)
    groups = data.group_numbers["validation"]
    validation = evaluate(probabilities, images.targets, data.labels, answered, groups)
    return Calibrated(replace(export, manifest=manifest), validation, familiar)


def _stored(
    familiar: FamiliarImages | None, thresholds: Thresholds, folder: Path
) -> Familiarity | None:
    """Write the familiar images, where there are any; what the manifest says of them."""
    if familiar is None or thresholds.familiarity is None or thresholds.detail is None:
        (folder / FAMILIAR_FILE).unlink(missing_ok=True)
        return None
    write_whole(folder / FAMILIAR_FILE, familiar.to_bytes())
    return Familiarity(
        file=FileEntry.of(folder, FAMILIAR_FILE),
        threshold=thresholds.familiarity,
        least_detail=thresholds.detail,
        kept=1.0,
    )


def _familiarity(familiar: FamiliarImages | None, outputs: Outputs) -> FloatArray | None:
    if familiar is None:
        return None
    return familiar.familiarity(outputs.embedding, outputs.logits.argmax(axis=1))
