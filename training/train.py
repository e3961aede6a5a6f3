"""One run from images to a proven artifact."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from training.config import TrainConfig, config_of, merge
from training.data.grouping.saved_groups import GROUPS_FILE
from training.data.training_data import TrainingData
from training.evaluation.stage_activations import stage_activations
from training.export.network_export import export_model, gpu_names
from training.fit.checkpoint import kept_config
from training.fit.fit import Fitted, check_start, fit, load_fitted
from training.networks.kept_weights import weights_bytes
from training.networks.network import ConvNet
from training.proving import CACHE_FOLDER, Origin, begin_artifact, prove
from training.reading import SILENT, Observer, finished, load_run_data, read_images
from training.results.report import Report
from training.run_folder import only_writer, path_or_none, read_finished
from visionflow.strict import to_dict


def train(
    config: TrainConfig,
    data: str | Path,
    out: str | Path,
    cache: str | Path | None = None,
    observer: Observer = SILENT,
    *,
    with_images: bool = True,
) -> Report:
    """Train on the images in ``data``, choose on validation, measure once on test.

    ``data`` holds a folder for each class, or ``train/`` and further parts. ``out`` becomes the
    artifact's folder, and its checkpoint lets a killed run go on when the same call is made again;
    a finished one is left as it is.
    Decoded images are kept in ``cache``; without one, in ``out`` until the run ends. ``observer``
    is called as the run proceeds; what it raises ends the run. A stop is heeded where ending
    loses no more than the epoch at hand. ``with_images``: whether the report may show some.

    Raises what `check_start` does before it reads an image, `DatasetError` for images that
    cannot be trained on, `TrainingError` for a run that cannot go on or is finished otherwise, and
    for a folder that another command writes into.
    """
    data, out, cache = Path(data), Path(out), path_or_none(cache)
    check_start(config, out)
    if kept := finished(config, to_dict(config), data, out, cache):
        return kept
    with only_writer(out):
        # Another command may have finished it meanwhile.
        if kept := finished(config, to_dict(config), data, out, cache):
            return kept
        observer.on_step("read")
        images = read_images(config, data, out, cache)
        observer.on_step("train")
        fitted = fit(config, images, out, observer.on_epoch)
        observer.on_step("export")
        report = finish(config, images, fitted, out, with_images=with_images)
        if cache is None:
            shutil.rmtree(out / CACHE_FOLDER, ignore_errors=True)
    return report


def assist(config: TrainConfig, data: Path, out: Path, cache: Path | None = None) -> None:
    """What `train` is in every process of torchrun but the first: its share of the fitting."""
    check_start(config, out)
    if not finished(config, to_dict(config), data, out, cache, quiet=True):
        fit(config, load_run_data(config, data, out, cache), out)


def export(
    config: TrainConfig,
    data: str | Path,
    run: str | Path,
    cache: str | Path | None = None,
    out: str | Path | None = None,
) -> Report:
    """Write the artifact of the trained ``run`` into ``out``, for instance with another opset.

    Without ``out`` into the run itself, where it has none yet: a finished one is left as it is.
    Raises `TrainingError` for a run that is not trained, and what `train` does.
    """
    data, run, cache = Path(data), Path(run), path_or_none(cache)
    target = Path(out or run)
    if kept := finished(config, to_dict(config), data, target, cache):
        return kept
    with only_writer(target):
        if (groups := run / GROUPS_FILE).exists() and target != run:
            # Computed again on another machine, they might divide the images differently.
            shutil.copy(groups, target / GROUPS_FILE)
        images = load_run_data(config, data, target, cache)
        report = finish(config, images, load_fitted(config, images, run), target)
        if cache is None:
            shutil.rmtree(target / CACHE_FOLDER, ignore_errors=True)
    return report


def trained_config(
    run: str | Path, overrides: Mapping[str, Any] | None = None, given_by: str = "overrides"
) -> TrainConfig:
    """The config of the trained ``run``, with ``overrides`` by dotted name.

    Without an artifact, name, version and export are the defaults. Raises `TrainingError` for a run
    that was not trained here, `ConfigError` for a field that is off.
    """
    run = Path(run)
    kept = kept_config(run)
    report = read_finished(run)
    known = report.config if report is not None else {}
    below = merge({"name": run.resolve().name}, merge(known, kept))
    return config_of(below, overrides, given_by, str(run))


def finish(
    config: TrainConfig,
    data: TrainingData,
    fitted: Fitted,
    out: Path,
    made_from: Mapping[str, Any] | None = None,
    *,
    with_images: bool = True,
) -> Report:
    """From trained weights to a proven artifact in ``out``.

    ``made_from``: the config that the artifact keeps, where it is not ``config``.
    """
    begin_artifact(data, out)
    exported = export_model(fitted.model, config, data, out, held_out=fitted.held_out)
    if made_from is not None:
        exported = replace(exported, manifest=replace(exported.manifest, config=dict(made_from)))
    origin = Origin(
        config.recipe,
        gpus=gpu_names(),
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        stopped_early=fitted.stopped_early,
        seconds=fitted.seconds,
        probe=fitted.probe,
    )
    if isinstance(fitted.model, ConvNet):
        origin = replace(
            origin,
            stages=partial(stage_activations, fitted.model),
            weights=partial(weights_bytes, fitted.model),
        )
    return prove(exported, origin, config, data, out, with_images=with_images)
