"""Write a graph as ONNX files and accept each only after its checks."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import onnx

from training.config import TrainConfig
from training.data.image_set import ImageSet
from training.data.training_data import TrainingData
from training.evaluation.metrics import top_k_accuracy
from training.export import gate_checks
from training.export.artifact import FP32_FILE, INT8_FILE, draft_manifest, write_whole
from training.export.graph.quantize import Quantizer
from training.export.graph.rewrites import opset_of
from training.export.ladder import Climb, Judge, climb, not_quantized
from training.export.latency import Measure, Run, measure_latencies
from training.results.report import Form, LadderStep, ModelMeasure, Parity
from training.texts.progress import begin
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import FileEntry, Manifest
from visionflow.sentences import say

NO_BASE = say("no_base")
NO_NODES = say("no_nodes")


@dataclass(frozen=True, eq=False)
class Export:
    """The accepted files, in the manifest, and what was measured to accept them."""

    manifest: Manifest
    models: tuple[ModelMeasure, ...]
    """The original, fp32 and, where it was accepted, int8."""
    parity: tuple[Parity, ...]
    ladder: tuple[LadderStep, ...]
    outputs: Mapping[Form, gate_checks.Outputs]
    """Of each accepted form on the validation images."""
    parameters: int
    taught: FloatArray | None = None
    """Embeddings [N, F] of all training images by the served form, where they are known."""

    @property
    def served(self) -> gate_checks.Outputs:
        """Of the form that serves."""
        return self.outputs[self.manifest.precision]


@dataclass(frozen=True)
class Original:
    """The model that a graph was made from.

    ``outputs``: of images [N, H, W, 3], which the graph must reproduce. ``run``: one image, for its
    latency, which is measured inside ``on_one_thread``.
    """

    form: Form
    bytes: int
    parameters: int
    outputs: Callable[[UInt8Array], gate_checks.Outputs]
    run: Callable[[UInt8Array], object]
    on_one_thread: Callable[[], AbstractContextManager[object]] = nullcontext


def export_graph(
    graph: onnx.ModelProto,
    original: Original,
    config: TrainConfig,
    data: TrainingData,
    folder: Path,
    measure: Measure = measure_latencies,
) -> Export:
    """Write ``graph`` into ``folder`` as fp32 and, where the gate accepts a form of it, as int8.

    A graph that does not reproduce the ``original`` is written too, with the failed check in the
    manifest. Raises `TrainingError` when a file cannot be written, `DatasetError` when a
    calibration image cannot be read.
    """
    begin("comparing the ONNX file with what it was made from")
    write_whole(folder / FP32_FILE, graph.SerializeToString())
    # A file of an earlier export must not stand beside it.
    (folder / INT8_FILE).unlink(missing_ok=True)
    manifest = draft_manifest(config, data, folder, opset_of(graph))

    images = data.validation.images
    fp32 = Classifier(folder / FP32_FILE, manifest)
    base, form = original.outputs(images), original.form
    outputs: dict[Form, gate_checks.Outputs] = {
        form: base,
        "fp32": gate_checks.session_outputs(fp32, images),
    }
    parity = [gate_checks.compare(form, "fp32", base, outputs["fp32"])]
    manifest = replace(manifest, gate=gate_checks.check_fp32(base, outputs["fp32"]))
    climbed = Climb((), None, not_quantized(NO_BASE))
    if all(check.passed for check in manifest.gate):
        begin("quantizing to int8")
        judge = Judge(fp32, outputs["fp32"], data.validation, config.export, measure)
        climbed = _climb(graph, judge, config, data)
    if climbed.accepted:
        outputs["int8"] = climbed.accepted.outputs
        parity.append(gate_checks.compare("fp32", "int8", outputs["fp32"], outputs["int8"]))
    manifest = _with_int8(manifest, climbed, folder)
    return Export(
        manifest=manifest,
        models=_measures(original, manifest, folder, data.validation, outputs, measure),
        parity=tuple(parity),
        ladder=climbed.steps,
        outputs=outputs,
        parameters=original.parameters,
    )


def serve_fp32(export: Export, reason: str, folder: Path) -> Export:
    """``export`` without its int8 form, which is removed from ``folder`` for this ``reason``."""
    (folder / INT8_FILE).unlink(missing_ok=True)
    manifest = export.manifest
    last = replace(export.ladder[-1], passed=False, reason=reason)
    return Export(
        manifest=replace(
            manifest,
            precision="fp32",
            files={"fp32": manifest.files["fp32"]},
            quantization=not_quantized(say("form_failed", form=last.name, reason=reason)),
            gate=tuple(check for check in manifest.gate if not check.name.startswith("int8_")),
        ),
        models=tuple(model for model in export.models if model.form != "int8"),
        parity=tuple(parity for parity in export.parity if parity.form != "int8"),
        ladder=(*export.ladder[:-1], last),
        outputs={form: each for form, each in export.outputs.items() if form != "int8"},
        parameters=export.parameters,
    )


def without_fp32(manifest: Manifest, folder: Path) -> Manifest:
    """``manifest`` with the served form alone; the fp32 file is removed where int8 serves."""
    if manifest.precision != "fp32":
        (folder / FP32_FILE).unlink(missing_ok=True)
    return replace(manifest, files={manifest.precision: manifest.served_file})


def _climb(graph: onnx.ModelProto, judge: Judge, config: TrainConfig, data: TrainingData) -> Climb:
    calibration = data.calibration(config.export.calibration_images, config.seed)
    quantizer = Quantizer(graph, calibration.images, reduce_range=config.export.reduce_range)
    if not quantizer.nodes:
        return Climb((), None, not_quantized(NO_NODES))
    return climb(quantizer, judge, config.export.ladder_seconds)


def _with_int8(manifest: Manifest, climbed: Climb, folder: Path) -> Manifest:
    """``manifest`` serving the accepted form, which is written, or fp32 with the reason."""
    manifest = replace(manifest, quantization=climbed.quantization)
    if climbed.accepted is None:
        return manifest
    write_whole(folder / INT8_FILE, climbed.accepted.model)
    return replace(
        manifest,
        precision="int8",
        files={**manifest.files, "int8": FileEntry.of(folder, INT8_FILE)},
        gate=(*manifest.gate, *climbed.accepted.checks),
    )


def _measures(
    original: Original,
    manifest: Manifest,
    folder: Path,
    validation: ImageSet,
    outputs: Mapping[Form, gate_checks.Outputs],
    measure: Measure,
) -> tuple[ModelMeasure, ...]:
    """Each form's row of the lightening table, the latencies measured side by side."""
    image = validation.images[:1]
    runs: dict[str, Run] = {original.form: lambda: original.run(image)}
    sizes: dict[str, int] = {original.form: original.bytes}
    for precision, entry in manifest.files.items():
        session = Classifier(folder / entry.path, manifest)
        runs[precision] = partial(session.run, image)
        sizes[precision] = entry.size
    begin("measuring latencies")
    with original.on_one_thread():
        latencies = measure(runs)
    return tuple(
        ModelMeasure(
            form=form,
            bytes=sizes[form],
            latency_p50_ms=latencies.p50(form),
            validation_top1=top_k_accuracy(answers.logits, validation.targets, 1),
        )
        for form, answers in outputs.items()
    )
