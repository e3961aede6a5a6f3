"""A checkpoint of a published network, adopted through torch."""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from training.adopt.adopt import (
    Adopted,
    Wanted,
    adopted_config,
    adopting,
    finish,
    sha256,
    with_images_of,
)
from training.adopt.images import load_images_of
from training.adopt.labels import ForeignLabels
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.evaluation.stage_activations import stage_activations
from training.export.network_export import export_model
from training.networks.classifier import build_classifier, published_side
from training.networks.kept_weights import weights_bytes
from training.proving import CACHE_FOLDER, Origin, begin_artifact


def adopt_network(
    name: str,
    weights: str,
    labels: ForeignLabels,
    data: Path,
    out: Path,
    wanted: Wanted,
    overrides: Mapping[str, Any],
    cache: Path | None = None,
) -> Adopted:
    """As `adopt_onnx`, of the published network ``name`` with the ``weights`` of a file or of a
    word that `build_classifier` knows. It knows its normalisation."""
    if wanted.output or wanted.normalisation:
        raise TrainingError(
            f"{name} knows its output and its pixels: --output, --normalise, --mean and --std are "
            "for ONNX files."
        )
    size = wanted.size or published_side(name)
    network = build_classifier(name, weights, len(labels.names), size)
    config = adopted_config(size, wanted.resize, overrides)

    def load(run: Path) -> TrainingData:
        return load_images_of(labels, data, config, cache or run / CACHE_FOLDER, run)

    facts = {"model": name, "weights": weights, "activation_map": True}
    if (file := Path(weights)).is_file():
        facts |= {"weights": file.name, "sha256": sha256(file)}
    known = {**facts, "served_only": wanted.served_only}
    with adopting(out, config, known, labels, load) as kept:
        if kept is not None:
            return kept
        images = load(out)
        begin_artifact(images, out)
        exported = export_model(network, config, images, out)
        stages, kept_weights = partial(stage_activations, network), partial(weights_bytes, network)
        origin = Origin("adopted", stages, kept_weights)
        report = finish(exported, origin, labels, config, images, out, facts, wanted.served_only)
        if cache is None:
            shutil.rmtree(out / CACHE_FOLDER, ignore_errors=True)
    return Adopted(report, (), with_images_of(images))
