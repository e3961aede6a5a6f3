"""From a folder of images, or from their embeddings, to a proven artifact without torch."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.export.export import Export
from training.instant.curve import accuracy_curve
from training.instant.export import KEPT, Trunk, export_head
from training.instant.fit import EMBEDDED, Embedded, fit_embedded
from training.proving import CACHE_FOLDER, Origin, begin_artifact, prove
from training.reading import SILENT, Observer, finished, read_images
from training.results.report import Report
from training.run_folder import only_writer, path_or_none
from visionflow import strict
from visionflow.answers.embedder import VIEWS
from visionflow_starter import STARTER


def instant(
    config: TrainConfig,
    data: str | Path,
    out: str | Path,
    cache: str | Path | None = None,
    observer: Observer = SILENT,
) -> Report:
    """Fit a head to the images in ``data`` and prove it: `training.train.train` for this recipe.

    Embeddings and decoded images are kept in ``cache``; without one, in ``out`` until the run ends,
    so that the same call after a kill goes on with them; a finished run is left as it is. Raises
    `DatasetError` for images that cannot be trained on, `TrainingError` for a file that cannot be
    written, for another run that is finished in ``out``, and for one that another command writes.
    """
    data, out, cache = Path(data), Path(out), path_or_none(cache)
    config = on_starter(config)
    # Network and weights are those of the starter.
    made_by = {name: value for name, value in strict.to_dict(config).items() if name in KEPT}
    if kept := finished(config, made_by, data, out, cache):
        return kept
    with only_writer(out):
        # Another command may have finished it meanwhile.
        if kept := finished(config, made_by, data, out, cache):
            return kept
        observer.on_step("read")
        images = read_images(config, data, out, cache)
        report = train_embedded(config, images, images.embeddings, out, observer)
        if cache is None:
            shutil.rmtree(out / CACHE_FOLDER, ignore_errors=True)
    return report


def train_embedded(
    config: TrainConfig,
    data: TrainingData,
    embeddings: Mapping[str, npt.NDArray[np.floating]],
    out: Path,
    observer: Observer = SILENT,
    *,
    with_images: bool = True,
) -> Report:
    """Fit a head to ``embeddings`` and leave the proven artifact in the folder ``out``.

    ``embeddings``: float32 or float16 [N, 2, F] of each part of ``data``, in its order, by the
    starter's `Embedder`. Read are the images of ``data.validation`` and ``data.test``, which the
    served file is measured on, and of the training images only those of suspicious labels, for a
    thumbnail, which is left out where a file is missing. ``with_images``: whether the report may
    show any of them. Raises `TrainingError` for embeddings that are not those of ``data``.
    """
    config = on_starter(config)
    trunk = Trunk.read(STARTER)
    parts = _embedded(data, embeddings)
    data.embeddings = {name: part.embeddings for name, part in parts.items()}
    observer.on_step("train")
    how = (len(data.labels), config.probe, config.data.balance, config.seed)
    fitted = fit_embedded(parts, *how)
    curve = accuracy_curve(parts, *how, fitted)
    observer.on_epoch((fitted.record,))
    observer.on_step("export")
    begin_artifact(data, out)
    exported: Export = export_head(fitted.head, trunk, config, data, out)
    origin = Origin(
        "instant",
        history=(fitted.record,),
        best_epoch=1,
        seconds=fitted.record.seconds,
        probe=fitted.probe,
        curve=curve,
    )
    return prove(exported, origin, config, data, out, with_images=with_images)


def on_starter(config: TrainConfig) -> TrainConfig:
    """``config`` with the images that the starter's trunk takes, which are not a choice."""
    return replace(config, recipe="instant", input=Trunk.read(STARTER).manifest.input)


def _embedded(
    data: TrainingData, embeddings: Mapping[str, npt.NDArray[np.floating]]
) -> dict[str, Embedded]:
    parts = {}
    for name in EMBEDDED:
        listing = data.splits.parts[name]
        found = np.asarray(embeddings[name], np.float32)
        if found.shape[:2] != (len(listing), VIEWS) or found.ndim != 3:
            raise TrainingError(
                f"The embeddings of {name} have the shape {found.shape}, and it has "
                f"{len(listing)} images in {VIEWS} views each; embed them again."
            )
        parts[name] = Embedded(found, listing.targets, data.group_numbers[name])
    return parts
