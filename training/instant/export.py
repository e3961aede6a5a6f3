"""The trunk with a new head as a file that serves, and the proof that nothing else has changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from training.config import TrainConfig
from training.data.image_set import in_batches
from training.data.threads import in_order
from training.data.training_data import TrainingData
from training.evaluation.metrics import top_k_accuracy
from training.export import gate_checks
from training.export.artifact import FP32_FILE, INT8_FILE, draft_manifest, write_whole
from training.export.export import Export
from training.export.latency import Measure, measure_latencies
from training.instant.graph import (
    Float32Array,
    Head,
    feature_map,
    trunk_changes,
    trunk_parameters,
    with_head,
    with_map,
)
from training.results.report import Form, ModelMeasure
from training.texts.progress import begin
from visionflow.answers.classifier import Classifier
from visionflow.answers.embedder import trunk_of
from visionflow.answers.session import open_session
from visionflow.images.pipeline import UInt8Array
from visionflow.models.gate import INSTANT
from visionflow.models.manifest import Manifest, read_artifact

# The sections of a config that say something about a head.
KEPT = ("name", "version", "seed", "recipe", "data", "input", "probe", "export")


@dataclass(frozen=True, eq=False)
class Trunk:
    """An artifact whose trunk gets other heads."""

    folder: Path
    manifest: Manifest
    graph: onnx.ModelProto

    @classmethod
    def read(cls, folder: Path) -> "Trunk":
        """Raises `ArtifactError` for a file that is missing or altered."""
        manifest = read_artifact(folder)
        return cls(folder, manifest, onnx.load(folder / manifest.served_file.path))


def export_head(
    head: Head,
    trunk: Trunk,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
    measure: Measure = measure_latencies,
) -> Export:
    """Write ``trunk`` with ``head`` into ``folder``, in the precision that it has proven, and
    compare it on the validation images with its reference.

    The reference runs the trunk's own file and computes the head in float64. A file that differs
    from it is written too, with the failed check in the manifest.
    """
    begin("comparing the new head with its reference")
    write_whole(folder / INT8_FILE, with_head(trunk.graph, head).SerializeToString())
    # A file of an earlier run must not stand beside it.
    (folder / FP32_FILE).unlink(missing_ok=True)
    manifest = draft_manifest(config, data, folder, trunk.manifest.opset, "int8")
    manifest = replace(
        manifest,
        config=_kept(manifest.config, trunk),
        quantization=trunk.manifest.quantization,
    )
    served = Classifier(folder / INT8_FILE, manifest)
    images = data.validation.images
    outputs: dict[Form, gate_checks.Outputs] = {
        "reference": reference_outputs(trunk, head, images),
        "int8": gate_checks.session_outputs(served, images),
    }
    one = images[:1]
    own = Classifier.of_artifact(trunk.folder, trunk.manifest)
    latencies = measure({"reference": partial(own.run, one), "int8": partial(served.run, one)})
    checks = gate_checks.check_head(
        outputs["reference"],
        outputs["int8"],
        # Of the file as it was written.
        trunk_changes(onnx.load(folder / INT8_FILE), trunk.graph),
        latencies.ratio("int8", "reference"),
    )
    sizes: dict[Form, int] = {
        "reference": trunk.manifest.served_file.size,
        "int8": manifest.served_file.size,
    }
    return Export(
        manifest=replace(manifest, gate=checks),
        models=tuple(
            ModelMeasure(
                form=form,
                bytes=sizes[form],
                latency_p50_ms=latencies.p50(form),
                validation_top1=top_k_accuracy(found.logits, data.validation.targets, 1),
            )
            for form, found in outputs.items()
        ),
        parity=(gate_checks.compare("reference", "int8", outputs["reference"], outputs["int8"]),),
        ladder=(),
        outputs=outputs,
        parameters=trunk_parameters(trunk.graph) + head.weights.size + head.bias.size,
        taught=data.embeddings["train"][:, 0],
    )


def _kept(config: Mapping[str, Any], trunk: Trunk) -> dict[str, Any]:
    """What of a config says something about a new head, and the trunk that it is on."""
    model = {
        "name": trunk.manifest.config["model"]["name"],
        "grow_from": config["model"]["grow_from"],
    }
    return {
        **{name: config[name] for name in KEPT},
        "model": model,
        INSTANT: {"trunk": trunk_of(trunk.manifest)},
    }


def reference_outputs(trunk: Trunk, head: Head, images: UInt8Array) -> gate_checks.Outputs:
    """Of ``images`` [N, H, W, 3]: embedding and map by the ``trunk`` as it is, ``head`` on them in
    float64."""
    session = open_session(with_map(trunk.graph).SerializeToString(), 1)
    names = ["embedding", feature_map(trunk.graph)]
    weights, bias = head.weights.astype(np.float64), head.bias.astype(np.float64)

    def answers(batch: UInt8Array) -> tuple[Float32Array, ...]:
        embedding, seen = session.run(names, {"image": batch})
        logits = embedding @ weights.T + bias
        # [N, h, w, C] by a product of matrices, which einsum would not use.
        cam = np.moveaxis(np.moveaxis(seen, 1, -1) @ weights.T + bias, -1, 1)
        return logits.astype(np.float32), embedding, cam.astype(np.float32)

    return gate_checks.collect(in_order(answers, in_batches(images), os.cpu_count() or 1))
