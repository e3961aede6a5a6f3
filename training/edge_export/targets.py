"""The targets of an export, what each one needs, and what is not offered, with the reason."""

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from training.errors import TrainingError
from visionflow.models.manifest import Manifest

OPENVINO = '''\
compiled = openvino.Core().compile_model(HERE / MODEL["file"], "CPU")


def run(image):
    """Logits [C] and embedding [F] of uint8 [1, size, size, 3]."""
    found = compiled(image)
    return found["logits"][0], found["embedding"][0]
'''

TFLITE = '''\
runner = Interpreter(str(HERE / MODEL["file"])).get_signature_runner()


def run(image):
    """Logits [C] and embedding [F] of uint8 [1, size, size, 3]."""
    found = runner(image=image)
    return found["logits"][0], found["embedding"][0]
'''


class TargetError(TrainingError):
    """The export to this target cannot be made."""

    code = "target_not_available"
    title = "Target not available"


@dataclass(frozen=True)
class Target:
    """``runtime``: the package that runs it, by the name that pip has. ``module``: by the name that
    Python has. ``write``: writes the model of an artifact's folder into another; returns the file's
    name. ``imported`` and ``code``: of the example; empty for what `shipped.example` has."""

    name: str
    title: str
    runtime: str
    module: str
    write: Callable[[Path, Manifest, Path], str]
    imported: str = ""
    code: str = ""

    def runtime_version(self) -> str:
        """Raises `TargetError` where it is not installed: no export is proven without it."""
        if importlib.util.find_spec(self.module.partition(".")[0]) is None:
            raise TargetError(
                f"The target {self.name} takes {self.runtime}, which is not installed; "
                f"'.venv/bin/uv pip install {self.runtime}' or 'pip install .[edge]' installs it."
            )
        return version(self.runtime)


def _copy(folder: Path, manifest: Manifest, out: Path) -> str:
    name = manifest.served_file.path
    shutil.copyfile(folder / name, out / name)
    return name


def _openvino(folder: Path, manifest: Manifest, out: Path) -> str:
    import openvino  # noqa: PLC0415  only of this target

    model = openvino.convert_model(folder / manifest.served_file.path)
    side = manifest.input.size
    model.reshape({model.input(0): [1, side, side, 3]})
    # In half precision the weights that are not int8 would change.
    openvino.save_model(model, out / "model.xml", compress_to_fp16=False)
    return "model.xml"


def _tflite(folder: Path, manifest: Manifest, out: Path) -> str:
    from training.edge_export.tflite.convert import convert  # noqa: PLC0415  only of this target

    graph = folder / manifest.served_file.path
    (out / "model.tflite").write_bytes(convert(graph.read_bytes(), manifest.input.size))
    return "model.tflite"


TARGETS: Final = {
    target.name: target
    for target in (
        Target("onnx", "ONNX Runtime", "onnxruntime", "onnxruntime", _copy),
        Target(
            "openvino", "OpenVINO", "openvino", "openvino", _openvino, "import openvino", OPENVINO
        ),
        Target(
            "tflite",
            "LiteRT",
            "ai-edge-litert",
            "ai_edge_litert",
            _tflite,
            "from ai_edge_litert.interpreter import Interpreter",
            TFLITE,
        ),
    )
}
NOT_OFFERED: Final = {
    "coreml": "coremltools reads ONNX no more and answers on macOS alone, so an export could "
    "neither be made from what serves nor proven; ONNX Runtime runs the target onnx on iOS and "
    "macOS",
}


def target_of(name: str) -> Target:
    """Raises `TargetError` for one that is not offered, with the reason."""
    if name in TARGETS:
        return TARGETS[name]
    reason = NOT_OFFERED.get(name, "there is no such target")
    raise TargetError(f"{name} is not offered: {reason}. Targets: {', '.join(TARGETS)}.")
