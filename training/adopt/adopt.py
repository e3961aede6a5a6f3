"""From a model that exists to a proven artifact: graph, int8, gate, calibration, measurement."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training.adopt.anatomy import Anatomy, study
from training.adopt.contract import to_contract
from training.adopt.foreign import Foreign, read_foreign
from training.adopt.images import load_images_of
from training.adopt.labels import ForeignLabels
from training.adopt.original import ForeignNetwork
from training.adopt.pixels import INSIDE, NORMALISATIONS, TRIED_IMAGES, Pixels, Tried, try_all
from training.config import DEFAULTS, TrainConfig, load_config
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.export.export import Export, Original, export_graph
from training.export.graph.rewrites import opset_of
from training.proving import CACHE_FOLDER, Origin, begin_artifact, prove
from training.results.report import Report
from training.run_folder import finished_run, only_writer, path_or_none, say_finished
from visionflow import strict

# The sections of a config that say something about an adopted model.
_KEPT = ("name", "version", "seed", "data", "input", "export")
# Nothing is trained, so most images can measure.
_SHARES = {"data.validation": 0.35, "data.test": 0.35}
# Of the shorter side that evaluation usually crops.
_CROPPED = 0.875
_THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Wanted:
    """What the user says about the model. None: what the file says, or the usual.

    ``output``: of an ONNX file with several. ``normalisation``: a name of `NORMALISATIONS`, or
    pixels of its own. ``size`` and ``resize``: as in `InputSpec`.
    """

    output: str | None = None
    normalisation: str | Pixels | None = None
    size: int | None = None
    resize: int | None = None
    served_only: bool = False


@dataclass(frozen=True)
class Adopted:
    """``tried``: the normalisations that were compared, the chosen one first; empty where it was
    stated. ``with_images``: how many of the labels have images."""

    report: Report
    tried: tuple[Tried, ...]
    with_images: int


def adopt_onnx(
    file: str | Path,
    labels: ForeignLabels,
    data: str | Path,
    out: str | Path,
    wanted: Wanted,
    overrides: Mapping[str, Any],
    cache: str | Path | None = None,
) -> Adopted:
    """Make the artifact of the ONNX ``file`` in ``out``, measured on the images in ``data``.

    ``overrides``: fields of the config by dotted name. Raises `TrainingError` naming what keeps the
    file from being served, `DatasetError` for images that cannot prove it, `ConfigError`.
    """
    file, data, out, cache = Path(file), Path(data), Path(out), path_or_none(cache)
    foreign = read_foreign(file, wanted.output, wanted.size)
    anatomy = study(foreign, str(file))
    require_classes(anatomy.classes, labels, str(file))
    config = adopted_config(foreign.size, wanted.resize, overrides)

    def load(run: Path) -> TrainingData:
        return load_images_of(labels, data, config, cache or run / CACHE_FOLDER, run)

    known = {"sha256": sha256(file), "served_only": wanted.served_only}
    if (stated := _stated(foreign, wanted)) is not None:
        known["pixels"] = strict.to_dict(stated)
    with adopting(out, config, known, labels, load) as kept:
        if kept is not None:
            return kept
        images = load(out)
        report, tried = _adopted(foreign, anatomy, file, images, wanted, config, labels, out)
        if cache is None:
            shutil.rmtree(out / CACHE_FOLDER, ignore_errors=True)
    return Adopted(report, tried, with_images_of(images))


@contextmanager
def adopting(
    out: Path,
    config: TrainConfig,
    facts: Mapping[str, Any],
    labels: ForeignLabels,
    images: Callable[[Path], TrainingData],
) -> Iterator[Adopted | None]:
    """Alone in ``out``: yields what is finished there, if it is this one; None where it is to be
    made. ``facts``: what is known of the model beforehand.

    Raises `TrainingError` where another command writes, or ``out`` holds another artifact.
    """
    made_by = {**_kept_sections(config), "adopted": dict(facts)}

    def kept() -> Adopted | None:
        report = finished_run(out, made_by, images)
        if report is None:
            return None
        tree = (*labels.tree.labels, *labels.tree.parents) if labels.tree.parents else ()
        if report.tree != tree:
            raise TrainingError(
                f"{out} holds the finished {report.name} {report.version}, whose labels have other "
                "parents. Choose another folder with --out."
            )
        say_finished(out)
        counts = (report.data.train, report.data.validation, report.data.test)
        found = np.sum([part.per_class for part in counts], axis=0)
        return Adopted(report, (), int(np.count_nonzero(found)))

    if (found := kept()) is not None:
        yield found
        return
    with only_writer(out):
        # Another command may have finished it meanwhile.
        yield kept()


def _adopted(
    foreign: Foreign,
    anatomy: Anatomy,
    file: Path,
    images: TrainingData,
    wanted: Wanted,
    config: TrainConfig,
    labels: ForeignLabels,
    out: Path,
) -> tuple[Report, tuple[Tried, ...]]:
    network = ForeignNetwork(foreign, anatomy, _THREADS)
    pixels, tried = _pixels(foreign, network, images, wanted, config.seed)
    graph = to_contract(foreign, anatomy, pixels, config.export.opset, str(file))
    begin_artifact(images, out)
    exported = export_graph(
        graph,
        Original(
            form="original",
            bytes=foreign.bytes,
            parameters=foreign.parameters,
            outputs=partial(network.outputs, pixels=pixels),
            run=partial(ForeignNetwork(foreign, anatomy, threads=1).logits, pixels=pixels),
        ),
        config,
        images,
        out,
    )
    facts = _facts(file, foreign, anatomy, pixels, tried)
    origin = Origin("adopted")
    report = finish(exported, origin, labels, config, images, out, facts, wanted.served_only)
    return report, tried


def finish(
    exported: Export,
    origin: Origin,
    labels: ForeignLabels,
    config: TrainConfig,
    images: TrainingData,
    out: Path,
    facts: Mapping[str, Any],
    served_only: bool,
) -> Report:
    """The artifact with the labels' parents. ``facts``: what was adopted, for its config."""
    facts = {**facts, "served_only": served_only}
    manifest = replace(
        exported.manifest,
        labels=labels.tree.labels,
        parents=labels.tree.parents,
        config={
            **_kept_sections(config),
            "model": {"name": facts["model"]},
            "adopted": facts,
        },
    )
    exported = replace(exported, manifest=manifest)
    return prove(exported, origin, config, images, out, served_only=served_only)


def _kept_sections(config: TrainConfig) -> dict[str, Any]:
    whole: dict[str, Any] = strict.to_dict(config)
    return {name: whole[name] for name in _KEPT}


def adopted_config(size: int, resize: int | None, overrides: Mapping[str, Any]) -> TrainConfig:
    """The defaults for images of ``size`` pixels, with ``overrides``. Raises `ConfigError`."""
    shape = {"input.size": size, "input.resize": resize or round(size / _CROPPED)}
    return load_config(str(DEFAULTS), {**_SHARES, **shape, **overrides})


def require_classes(classes: int, labels: ForeignLabels, where: str) -> None:
    """Raise `TrainingError` where the model does not have an output for each label."""
    if classes != len(labels.names):
        parents = [parent.name for parent in labels.tree.parents]
        taken = f" Read as parents of labels: {', '.join(parents[:5])}." if parents else ""
        raise TrainingError(
            f"{where}: scores {classes} labels, and the file of labels holds {len(labels.names)}. "
            f"It needs one for each output, in their order.{taken}"
        )


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _pixels(
    foreign: Foreign, network: ForeignNetwork, images: TrainingData, wanted: Wanted, seed: int
) -> tuple[Pixels, tuple[Tried, ...]]:
    """The stated normalisation, or the one under which the network is right most often."""
    if (stated := _stated(foreign, wanted)) is not None:
        return stated, ()
    tried = try_all(network.logits, images.calibration(TRIED_IMAGES, seed))
    return NORMALISATIONS[tried[0].name], tried


def _stated(foreign: Foreign, wanted: Wanted) -> Pixels | None:
    """The normalisation that needs no trial."""
    if foreign.takes_bytes:
        return INSIDE
    if isinstance(wanted.normalisation, str):
        return NORMALISATIONS[wanted.normalisation]
    return wanted.normalisation


def _facts(
    file: Path, foreign: Foreign, anatomy: Anatomy, pixels: Pixels, tried: tuple[Tried, ...]
) -> dict[str, Any]:
    return {
        "model": file.name,
        "sha256": sha256(file),
        "producer": foreign.model.producer_name,
        "opset": opset_of(foreign.simple),
        "softmax_removed": anatomy.probabilities,
        "activation_map": anatomy.map is not None,
        "pixels": strict.to_dict(pixels),
        "normalisations_tried": {one.name: one.top1 for one in tried},
    }


def with_images_of(images: TrainingData) -> int:
    """How many of the labels have images."""
    counts = np.sum([part.counts for part in images.splits.parts.values()], axis=0)
    return int(np.count_nonzero(counts))
