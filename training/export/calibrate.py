"""What an exported model is told about its own answers, from validation images: temperature,
thresholds of `unknown`, and the confidences that prediction sets are made from."""

from dataclasses import dataclass, replace
from pathlib import Path

from training.config import TrainConfig
from training.data.listing import Int64Array
from training.data.training_data import TrainingData
from training.evaluation.calibration import fit_temperature
from training.evaluation.metrics import evaluate
from training.evaluation.unknown.familiar import FAMILIAR_FILE, FamiliarSet
from training.evaluation.unknown.prediction_sets import conformity
from training.evaluation.unknown.thresholds import Decisions, Thresholds, choose_thresholds
from training.export.artifact import write_whole
from training.export.export import THREADS, Export, serve_fp32
from training.export.gate_checks import Outputs, check_int8_unknown
from training.results.scores import Evaluation
from visionflow.models.classifier import Classifier, FloatArray, softmax
from visionflow.models.manifest import Familiarity, FileEntry, Manifest


@dataclass(frozen=True, eq=False)
class Calibrated:
    """``export``: of what serves, its manifest calibrated. ``familiar``: None where the embeddings
    are not numbers."""

    export: Export
    validation: Evaluation
    familiar: FamiliarSet | None


def calibrate(
    export: Export,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
    groups: Int64Array | None = None,
) -> Calibrated:
    """Calibrate the served form of the ``export`` in ``folder`` on the validation images.

    int8 serves only where it decides about `unknown` as fp32 does; else fp32 is calibrated and
    served. ``groups``: of the validation images, as for `evaluate`.
    """
    calibrated = _calibrate(export, config, data, folder, groups)
    if export.manifest.precision == "fp32":
        return calibrated
    manifest = calibrated.export.manifest
    int8, fp32 = (
        _decide(export.outputs[precision], manifest, calibrated.familiar)
        for precision in ("int8", "fp32")
    )
    check = check_int8_unknown(int8.changes(fp32), len(data.validation))
    if check.passed:
        manifest = replace(manifest, gate=(*manifest.gate, check))
        return replace(calibrated, export=replace(calibrated.export, manifest=manifest))
    reason = (
        f"int8 decides differently about {check.value:.1%} of the validation images whether they "
        f"are unknown, at most {check.limit:.1%} are allowed"
    )
    return _calibrate(serve_fp32(export, reason, folder), config, data, folder, groups)


def _calibrate(
    export: Export,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
    groups: Int64Array | None,
) -> Calibrated:
    manifest, outputs = export.manifest, export.served
    classifier = Classifier(folder / manifest.served_file.path, manifest, THREADS)
    familiar = FamiliarSet.of_training(classifier, data.splits.train, config.seed)
    familiarity = familiar.familiarity(outputs.embedding) if familiar else None
    targets = data.validation.targets
    temperature = fit_temperature(outputs.logits, targets)
    probabilities = softmax(outputs.logits / temperature)
    confidence = probabilities.max(axis=1)
    thresholds = choose_thresholds(confidence, familiarity, config.export.known_kept)
    manifest = replace(
        manifest,
        temperature=temperature,
        unknown_threshold=thresholds.confidence,
        familiarity=_stored(familiar, familiarity, thresholds, folder),
        conformity=conformity(probabilities, targets),
    )
    answered = thresholds.decide(confidence, familiarity).answered
    validation = evaluate(probabilities, targets, data.labels, answered, groups)
    return Calibrated(replace(export, manifest=manifest), validation, familiar)


def _stored(
    familiar: FamiliarSet | None,
    familiarity: FloatArray | None,
    thresholds: Thresholds,
    folder: Path,
) -> Familiarity | None:
    """Write the stored images, where there are any; what the manifest says of them."""
    if familiar is None or familiarity is None or thresholds.familiarity is None:
        (folder / FAMILIAR_FILE).unlink(missing_ok=True)
        return None
    write_whole(folder / FAMILIAR_FILE, familiar.images.to_bytes())
    return Familiarity(
        file=FileEntry.of(folder, FAMILIAR_FILE),
        neighbour=familiar.neighbour,
        threshold=thresholds.familiarity,
        kept=float((familiarity >= thresholds.familiarity).mean()),
    )


def _decide(outputs: Outputs, manifest: Manifest, familiar: FamiliarSet | None) -> Decisions:
    confidence = softmax(outputs.logits / manifest.temperature).max(axis=1)
    familiarity = familiar.familiarity(outputs.embedding) if familiar else None
    return Thresholds.of(manifest).decide(confidence, familiarity)
