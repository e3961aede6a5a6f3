"""From exported files to a proven artifact, whatever made the model: calibrated, measured, with its
report. Needs nothing that only networks of torch need."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from training.allocator import keep_freed_memory
from training.ancestor import WEIGHTS_FILE, read_ancestor
from training.config import Recipe, TrainConfig
from training.data.image_set import ImageSet
from training.data.listing import Listing
from training.data.split import SPLIT_FILE
from training.data.training_data import TrainingData
from training.evaluation.examine import StagesOf, examine
from training.evaluation.labels.label_check import check_run
from training.evaluation.measure import Measured, measure_split
from training.evaluation.metrics import evaluate
from training.evaluation.parents.levels import measure_levels
from training.evaluation.sprite_sheet import MAP_IMAGES_FILE, sprite_sheet
from training.evaluation.unknown.examine import examine_unfamiliar
from training.evaluation.unknown.prediction_sets import set_coverages
from training.evaluation.unknown.thresholds import decide
from training.evaluation.verdict import Counts, fit_verdict
from training.export.artifact import REPORT_FILE, hardware, write_manifest, write_whole
from training.export.calibrate import calibrate
from training.export.export import Export, without_fp32
from training.export.reference import write_reference
from training.fit.tracking import log_results
from training.growth import growth_check, measure_growth
from training.report.page import draw
from training.results.history import EpochRecord
from training.results.probe import ProbeFit
from training.results.report import DataSummary, Report, SplitSummary
from training.results.scores import Evaluation
from training.results.unknown import Unfamiliar
from training.stop import check_stop
from training.texts.catalogue import text
from training.texts.progress import begin
from visionflow.answers.classifier import Classifier
from visionflow.datasets.run import CurvePoint
from visionflow.models.manifest import MANIFEST_NAME

CACHE_FOLDER = "cache"


@dataclass(frozen=True, eq=False)
class Origin:
    """How a model came about. Of a model that was trained elsewhere nothing else is known.

    ``stages``: None where it has no stages to look into. ``weights``: what another run could grow
    from, None where none can. ``gpus``: the names of those that trained it.
    """

    recipe: Recipe | Literal["adopted"]
    stages: StagesOf | None = None
    weights: Callable[[], bytes] | None = None
    gpus: tuple[str, ...] = ()
    history: tuple[EpochRecord, ...] = ()
    best_epoch: int = 0
    stopped_early: bool = False
    seconds: float = 0.0
    probe: ProbeFit | None = None
    curve: tuple[CurvePoint, ...] = ()


def begin_artifact(data: TrainingData, out: Path) -> None:
    """Before a model is exported into ``out``."""
    keep_freed_memory()
    # Without its manifest a half-written folder is not a model version.
    (out / MANIFEST_NAME).unlink(missing_ok=True)
    write_whole(out / SPLIT_FILE, data.splits.to_json(data.folder).encode())


def prove(
    exported: Export,
    origin: Origin,
    config: TrainConfig,
    data: TrainingData,
    out: Path,
    *,
    served_only: bool = False,
    with_images: bool = True,
) -> Report:
    """From exported files to an artifact that is calibrated and measured.

    ``served_only``: leave out what does not serve: the fp32 form of an int8 model, the weights that
    another run could grow from, and all copies of images. ``with_images``: whether the report may
    show images of ``data``.
    """
    begin("calibrating confidence on the validation images")
    calibrated = calibrate(exported, config, data, out)
    exported, manifest = calibrated.export, calibrated.export.manifest
    validation = calibrated.validation

    classifier = Classifier.of_artifact(out, manifest)
    begin("measuring on the test images")
    measured = measure_split(classifier, data.test, config.seed, calibrated.familiar)
    growth = None
    if config.model.grow_from:
        growth = measure_growth(
            read_ancestor(config.model.grow_from, config.input),
            data.labels,
            (data.validation, exported.served.logits),
            (data.test, measured.logits),
        )
        check = growth_check(growth, config.export.max_old_classes_drop)
        manifest = replace(manifest, gate=(*manifest.gate, check))
    probabilities = measured.probabilities(manifest.temperature)
    decisions = decide(manifest, probabilities, measured.familiarity, data.test.images)
    groups = data.group_numbers["test"]
    test = evaluate(probabilities, data.test.targets, data.labels, decisions.answered, groups)
    few_groups = _few_groups(validation, test)
    if few_groups is not None:
        print(f"Warning: {text('verdict.few_groups', groups=few_groups).en}", file=sys.stderr)
    check_stop()
    begin("examining answers, unknown images and labels")
    report = Report(
        name=manifest.name,
        version=manifest.version,
        created_at=manifest.created_at,
        config=manifest.config,
        hardware=hardware(origin.gpus),
        library_versions=manifest.library_versions,
        git_commit=manifest.git_commit,
        data=_summary(data, config.seed),
        recipe=origin.recipe,
        history=origin.history,
        best_epoch=origin.best_epoch,
        stopped_early=origin.stopped_early,
        train_seconds=origin.seconds,
        probe=origin.probe,
        curve=origin.curve,
        verdict=fit_verdict(
            origin.history,
            Counts(*(len(np.unique(data.group_numbers[part])) for part in ("train", "validation"))),
            few_groups,
            "adopted" if origin.recipe == "adopted" else "ensemble",
        ),
        parameters=exported.parameters,
        models=exported.models,
        parity=exported.parity,
        gate=manifest.gate,
        quantization=manifest.quantization,
        ladder=exported.ladder,
        served=manifest.precision,
        temperature=manifest.temperature,
        unknown_threshold=manifest.unknown_threshold,
        validation=validation,
        test=test,
        findings=examine(classifier, origin.stages, data.test, measured, config.seed),
        growth=growth,
        unfamiliar=examine_unfamiliar(
            classifier,
            measured.familiarity,
            decisions,
            kept_target=config.export.known_kept,
            kept_validation=validation.known,
            seed=config.seed,
        ),
        prediction_sets=set_coverages(
            probabilities, data.test.targets, manifest.conformity, groups
        ),
        labels=check_run(data),
        tree=(*manifest.labels, *manifest.parents) if manifest.parents else (),
        levels=measure_levels(
            manifest.label_tree(),
            probabilities,
            data.test.targets,
            manifest.unknown_threshold,
            ~decisions.unfamiliar,
            groups,
        ),
    )
    check_stop()
    with_images = with_images and not served_only
    if not with_images:
        report = report.without_images()
    write_whole(out / REPORT_FILE, report.to_json().encode())
    begin("drawing plots and report.html")
    pages = draw(report, out)
    if with_images:
        pages = (*pages, *_write_map_images(report, data.test, measured, out))
    else:
        (out / MAP_IMAGES_FILE).unlink(missing_ok=True)
    manifest = replace(manifest, metrics=_metrics(report))
    reference = write_reference(manifest, exported.served, out, config.seed)
    kept: tuple[str, ...] = ()
    if served_only:
        (out / WEIGHTS_FILE).unlink(missing_ok=True)
        manifest = without_fp32(manifest, out)
    elif origin.weights is not None:
        write_whole(out / WEIGHTS_FILE, origin.weights())
        kept = (WEIGHTS_FILE,)
    write_manifest(manifest, out, (REPORT_FILE, reference, *kept, *pages))
    if config.mlflow:
        log_results(out, manifest.metrics)
    return report


def _few_groups(validation: Evaluation, test: Evaluation) -> int | None:
    """The number of independent groups in the smaller part, where it is too small."""
    few = [part.groups for part in (validation, test) if part.few_groups]
    return min(few, default=None)


def _write_map_images(
    report: Report, test: ImageSet, measured: Measured, out: Path
) -> tuple[str, ...]:
    """Write the images behind the points of the map, where there is one; returns the file's
    path."""
    file = out / MAP_IMAGES_FILE
    if report.findings.embedding_map.skipped is not None:
        file.unlink(missing_ok=True)
        return ()
    write_whole(file, sprite_sheet(test.images, measured.sample))
    return (MAP_IMAGES_FILE,)


def _summary(data: TrainingData, seed: int) -> DataSummary:
    splits = data.splits

    def part(name: str, listing: Listing) -> SplitSummary:
        counts = tuple(int(count) for count in listing.counts)
        groups = len(np.unique(data.group_numbers[name]))
        return SplitSummary(len(listing), counts, listing.sha256, name in splits.fractions, groups)

    return DataSummary(
        labels=data.labels,
        sha256=data.sha256,
        seed=seed,
        train=part("train", splits.train),
        validation=part("validation", splits.validation),
        test=part("test", splits.test),
        groups=data.group_summary,
    )


def _unfamiliar_metrics(unfamiliar: Unfamiliar | None) -> dict[str, float]:
    if unfamiliar is None:
        return {}
    metrics = {
        "test_unsure": unfamiliar.unsure_test,
        "test_unfamiliar": unfamiliar.unfamiliar_test,
    }
    if unfamiliar.strangers:
        metrics["strangers_auroc_min"] = min(one.auroc for one in unfamiliar.strangers)
        metrics["strangers_answered_max"] = max(one.answered for one in unfamiliar.strangers)
    return metrics


def _metrics(report: Report) -> dict[str, float]:
    test = report.test
    metrics = {
        "test_top1": test.top1,
        **({"test_top5": test.top5} if test.tells_top5 else {}),
        "test_macro_f1": test.macro_f1,
        "test_ece": test.ece,
        "test_known": test.known,
        "test_known_top1": test.known_top1,
        **_unfamiliar_metrics(report.unfamiliar),
        "validation_top1": report.validation.top1,
        "train_seconds": report.train_seconds,
    }
    if report.growth is not None:
        metrics["old_classes_test_top1_before"] = report.growth.test_before
        metrics["old_classes_test_top1_after"] = report.growth.test_after
    for model in report.models:
        metrics[f"{model.form}_validation_top1"] = model.validation_top1
        metrics[f"{model.form}_latency_p50_ms"] = model.latency_p50_ms
        metrics[f"{model.form}_bytes"] = float(model.bytes)
    for parity in report.parity:
        pair = f"{parity.reference}_{parity.form}"
        metrics[f"{pair}_logit_difference"] = parity.logits
        metrics[f"{pair}_top1_agreement"] = parity.top1_agreement
    return metrics
