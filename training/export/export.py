"""A trained network as ONNX files, each proven before it is accepted."""

from dataclasses import dataclass, replace
from pathlib import Path

from training.export import gate
from training.export.artifact import FP32_FILE, INT8_FILE, draft_manifest
from training.config import TrainConfig
from training.data.image_set import TrainingData
from training.evaluation.metrics import top_k_accuracy
from training.export.latency import median_latencies
from training.models.classifier import Classifier as Network
from training.export.onnx_files import CALIBRATION, QUANTIZATION_SCHEME, export_onnx, quantize
from training.report.report import FORMS, Form, ModelMeasure, Parity
from visionflow.classifier import Classifier, FloatArray
from visionflow.manifest import FileEntry, GateCheck, Manifest, Quantization


@dataclass(frozen=True, eq=False)
class Export:
    """The accepted files, in the manifest, and what was measured to accept them."""

    manifest: Manifest
    models: tuple[ModelMeasure, ...]
    parity: tuple[Parity, ...]
    logits: FloatArray
    """Of the served form on the validation pictures, [N, C]."""


def export_model(network: Network, config: TrainConfig, data: TrainingData, folder: Path) -> Export:
    """Write ``network`` into ``folder`` as fp32 and, where it is as accurate, as int8.

    Raises `TrainingError` when the fp32 graph does not reproduce the network.
    """
    validation = data.validation
    export_onnx(network, config.input.size, config.export.opset, folder / FP32_FILE)
    calibration = data.sample_for_calibration(config.export.calibration_images, config.seed)
    excluded = quantize(folder / FP32_FILE, folder / INT8_FILE, calibration.images)
    manifest = draft_manifest(config, data, folder)
    fp32 = Classifier(folder / FP32_FILE, manifest)
    int8 = Classifier(folder / INT8_FILE, manifest)

    outputs: dict[Form, gate.Outputs] = {
        "torch": gate.network_outputs(network, validation.images),
        "fp32": gate.session_outputs(fp32, validation.images),
        "int8": gate.session_outputs(int8, validation.images),
    }
    top1 = {form: top_k_accuracy(outputs[form].logits, validation.targets, 1) for form in FORMS}
    picture = validation.images[:1]
    latency = median_latencies(
        {
            "torch": lambda: gate.network_outputs(network, picture),
            "fp32": lambda: fp32.run(picture),
            "int8": lambda: int8.run(picture),
        }
    )
    size: dict[Form, int] = {
        "torch": sum(v.numel() * v.element_size() for v in network.state_dict().values()),
        "fp32": (folder / FP32_FILE).stat().st_size,
        "int8": (folder / INT8_FILE).stat().st_size,
    }
    checks = gate.check_fp32(outputs["torch"], outputs["fp32"])
    manifest = _accept_int8(
        replace(manifest, gate=checks),
        Quantization(QUANTIZATION_SCHEME, CALIBRATION, len(calibration), excluded, None),
        gate.check_int8(top1["fp32"], top1["int8"], config.export.max_accuracy_drop),
        folder,
    )
    return Export(
        manifest=manifest,
        models=tuple(ModelMeasure(f, size[f], latency[f], top1[f]) for f in FORMS),
        parity=(
            gate.compare("torch", "fp32", outputs["torch"], outputs["fp32"]),
            gate.compare("fp32", "int8", outputs["fp32"], outputs["int8"]),
        ),
        logits=outputs[manifest.precision].logits,
    )


def _accept_int8(
    manifest: Manifest, quantization: Quantization, check: GateCheck, folder: Path
) -> Manifest:
    """The manifest that serves int8, or fp32 with the reason when ``check`` failed."""
    if not check.passed:
        (folder / INT8_FILE).unlink()
        reason = (
            f"int8 lost {100 * check.value:.2f} points of validation top-1; "
            f"at most {100 * check.limit:.2f} are allowed"
        )
        return replace(manifest, quantization=replace(quantization, fallback_reason=reason))
    return replace(
        manifest,
        precision="int8",
        files={**manifest.files, "int8": FileEntry.of(folder, INT8_FILE)},
        quantization=quantization,
        gate=(*manifest.gate, check),
    )
