"""One run from pictures to a proven artifact."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from training.export.artifact import REPORT_FILE, hardware, write_manifest
from training.config import TrainConfig
from training.data.image_set import TrainingData, find_images, load_images, load_training_data
from training.evaluation.metrics import Evaluation, choose_unknown_threshold, evaluate, fit_temperature
from training.export.export import Export, export_model
from training.fit.fit import Fitted, fit, load_fitted
from training.evaluation.measure import measure, require_labels
from training.report.plots import draw_plots
from training.report.report import DataSummary, Report
from visionflow.classifier import softmax
from visionflow.manifest import MANIFEST_NAME, Manifest

CHECKPOINT_FILE = "checkpoint.pt"


def train(config: TrainConfig, data: Path, out: Path) -> Report:
    """Train on ``data/train``, choose on a part of it, measure once on ``data/test``.

    Both are folders of class folders. ``out`` becomes the artifact's folder; `CHECKPOINT_FILE` in
    it lets a killed run go on when the same call is made again.

    Raises `DatasetError` for pictures that cannot be trained on, `TrainingError` for a run that
    cannot go on.
    """
    training = _load(config, data)
    fitted = fit(config, training, out / CHECKPOINT_FILE)
    return _finish(config, training, fitted, data, out)


def export(config: TrainConfig, data: Path, out: Path) -> Report:
    """Make the artifact in ``out`` again from its finished checkpoint, say with another opset."""
    training = _load(config, data)
    fitted = load_fitted(config, training, out / CHECKPOINT_FILE)
    return _finish(config, training, fitted, data, out)


def _load(config: TrainConfig, data: Path) -> TrainingData:
    training = load_training_data(
        data / "train", config.input, config.validation_fraction, config.seed
    )
    # Looked at, not opened: a wrong test folder should not show only after hours of training.
    require_labels(tuple(find_images(data / "test")), training.train.labels, data / "test")
    return training


def _finish(
    config: TrainConfig, training: TrainingData, fitted: Fitted, data: Path, out: Path
) -> Report:
    # Without its manifest a half-written folder is no model version.
    (out / MANIFEST_NAME).unlink(missing_ok=True)
    exported = export_model(fitted.model, config, training, out)
    manifest, validation = _calibrate(exported, training, config.export.unknown_accuracy)
    test_set, test_sha256 = load_images(data / "test", config.input)
    test = measure(out, manifest, test_set)
    report = Report(
        name=manifest.name,
        version=manifest.version,
        created_at=manifest.created_at,
        config=manifest.config,
        hardware=hardware(),
        library_versions=manifest.library_versions,
        data=DataSummary(
            labels=manifest.label_names,
            train=len(training.train),
            validation=len(training.validation),
            test=len(test_set),
            train_sha256=training.sha256,
            test_sha256=test_sha256,
        ),
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        models=exported.models,
        parity=exported.parity,
        served=manifest.precision,
        temperature=manifest.temperature,
        unknown_threshold=manifest.unknown_threshold,
        validation=validation,
        test=test,
    )
    (out / REPORT_FILE).write_text(report.to_json(), encoding="utf-8")
    plots = draw_plots(fitted.history, test, out)
    manifest = replace(manifest, metrics=_metrics(exported, validation, test))
    write_manifest(manifest, out, (REPORT_FILE, *plots))
    return report


def _calibrate(
    exported: Export, training: TrainingData, unknown_accuracy: float
) -> tuple[Manifest, Evaluation]:
    """Fit temperature and unknown threshold of the served form on the validation pictures."""
    validation = training.validation
    temperature = fit_temperature(exported.logits, validation.targets)
    probabilities = softmax(exported.logits / np.float32(temperature))
    correct = probabilities.argmax(axis=1) == validation.targets
    threshold = choose_unknown_threshold(probabilities.max(axis=1), correct, unknown_accuracy)
    manifest = replace(exported.manifest, temperature=temperature, unknown_threshold=threshold)
    return manifest, evaluate(probabilities, validation.targets, validation.labels, threshold)


def _metrics(exported: Export, validation: Evaluation, test: Evaluation) -> dict[str, float]:
    metrics = {
        "test_top1": test.top1,
        "test_top5": test.top5,
        "test_macro_f1": test.macro_f1,
        "test_ece": test.ece,
        "test_known": test.known,
        "test_known_top1": test.known_top1,
        "validation_top1": validation.top1,
    }
    for model in exported.models:
        metrics[f"{model.form}_validation_top1"] = model.validation_top1
        metrics[f"{model.form}_latency_p50_ms"] = model.latency_p50_ms
        metrics[f"{model.form}_bytes"] = float(model.bytes)
    for parity in exported.parity:
        pair = f"{parity.reference}_{parity.form}"
        metrics[f"{pair}_logit_difference"] = parity.logits
        metrics[f"{pair}_top1_agreement"] = parity.top1_agreement
    return metrics
