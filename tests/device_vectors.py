"""What the page's own engine is held to: inputs and answers of `visionflow`, as JSON.

``python -m tests.device_vectors`` writes the file that the tests of ``dashboard/src/ondevice``
read; a unit test fails where it is not what `visionflow` answers now.
"""

import base64
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from visionflow.answers.back_off import BackOff
from visionflow.answers.classifier import Classification, Classifier, FloatArray
from visionflow.answers.familiarity import FamiliarImages, finest_detail
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage, prepare
from visionflow.images.pixels import UInt8Array
from visionflow.models.label_tree import Label
from visionflow.models.manifest import Manifest, read_manifest
from visionflow_starter import STARTER

FILE = Path("dashboard/tests/data/device.json")

# Width, height, size and resize; each with every interpolation.
GEOMETRIES = (
    (97, 61, 24, 28),
    (61, 97, 24, 28),
    (640, 427, 16, 16),
    (20, 31, 24, 27),  # enlarged
    (60, 96, 24, 27),  # nearly as tall as those that Pillow treats otherwise
    (60, 97, 24, 27),
    (1, 9, 4, 4),
    (333, 50, 10, 37),  # a small part
)
IMAGE_SIZE = (640, 427)
SIZE = 16
LABELS = ("tabby", "lynx", "poodle", "oak", "pine", "cup")
PARENT_OF = {"tabby": "cat", "lynx": "cat", "poodle": "animal", "oak": "tree", "pine": "tree"}
PARENTS = (
    Label("cat", "animal"),
    Label("animal", "living thing"),
    Label("tree", "living thing"),
    Label("living thing", None),
)
# A sure label, a parent, its parent, the one above, nothing, a sum that is nearly 1, and outputs
# without doubt.
LOGITS = (
    (9, 1, 0, 0, 0, 0),
    (3, 2.9, 0, 0, 0, 0),
    (2, 1.8, 1.9, 0, 0, 0),
    (1, 0.9, 0.8, 1, 1.1, 1.2),
    (0, 0, 0, 0, 0, 1.5),
    (0, 0, 0, 40, 40, 0),
    (-400, -400, -400, -400, -400, 400),
)


class Replayed(Classifier):
    """Answers with outputs that were made up."""

    def __init__(self, manifest: Manifest, familiar: FamiliarImages, cam: FloatArray) -> None:
        self.manifest = manifest
        self._tree = manifest.label_tree()
        self._back_off = BackOff(self._tree)
        self._label_names = manifest.label_names
        self._familiar = familiar
        self.outputs = (np.array(LOGITS, np.float32), _embeddings(), cam)

    def run(self, batch: UInt8Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self.outputs


def pixels(width: int, height: int) -> UInt8Array:
    """RGB [height, width, 3] by a formula that TypeScript has too."""
    y, x, c = np.mgrid[:height, :width, :3]
    drawn: UInt8Array = ((x * x * 7 + y * y * 13 + x * y * 3 + c * 89) // 3 % 256).astype(np.uint8)
    return drawn


def resampled() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for width, height, size, resize in GEOMETRIES:
        image = DecodedImage.of(Image.fromarray(pixels(width, height)))
        for interpolation in ("bilinear", "bicubic", "lanczos"):
            spec = InputSpec(size, resize, "center", interpolation)
            tensor = base64.b64encode(prepare(image, spec).tobytes()).decode()
            found.append({"width": width, "height": height, "input": asdict(spec), "rgb": tensor})
    return found


def answered() -> dict[str, Any]:
    random = np.random.default_rng(1)
    familiar = _familiar()
    cam = random.normal(size=(len(LOGITS), len(LABELS), 2, 3)).astype(np.float32).round(3)
    manifest = _manifest()
    classifier = Replayed(manifest, familiar, cam)
    tensors = np.stack([pixels(SIZE, SIZE)] * (len(LOGITS) - 1) + [_smooth()])
    answers = classifier.classify(tensors)
    rule = manifest.familiarity
    assert rule
    return {
        "labels": [asdict(label) for label in manifest.labels],
        "parents": [asdict(parent) for parent in manifest.parents],
        "input": asdict(manifest.input),
        "temperature": manifest.temperature,
        "unknown_threshold": manifest.unknown_threshold,
        "familiarity": {"threshold": rule.threshold, "least_detail": rule.least_detail},
        "familiar": base64.b64encode(familiar.to_bytes()).decode(),
        "image": IMAGE_SIZE,
        "answers": [
            _expected(classifier, i, tensors[i], answer) for i, answer in enumerate(answers)
        ],
    }


def _expected(
    classifier: Replayed, i: int, tensor: UInt8Array, answer: Classification
) -> dict[str, Any]:
    logits, embeddings, cams = (output[i] for output in classifier.outputs)
    explanation = classifier.activation_map(answer, answer.label, IMAGE_SIZE)
    assert explanation
    return {
        "logits": logits.tolist(),
        "embedding": embeddings.tolist(),
        "cam": cams.ravel().tolist(),
        "camSize": cams.shape[1:],
        "tensor": base64.b64encode(tensor.tobytes()).decode(),
        "detail": float(finest_detail(tensor[None])[0]),
        "label": answer.label,
        "confidence": answer.confidence,
        "parents": answer.parents,
        "unknown": answer.unknown,
        "familiarity": answer.familiarity,
        "topK": [asdict(score) for score in answer.scores[:5]],
        "explanation": asdict(explanation),
    }


def _manifest() -> Manifest:
    manifest = read_manifest(STARTER)
    assert manifest.familiarity
    return replace(
        manifest,
        labels=tuple(Label(name, PARENT_OF.get(name)) for name in LABELS),
        parents=PARENTS,
        input=InputSpec(SIZE, 20, "center", "bilinear"),
        temperature=0.8,
        unknown_threshold=0.7,
        familiarity=replace(manifest.familiarity, threshold=-0.06, least_detail=0.55),
    )


def _familiar() -> FamiliarImages:
    """Made up, since what a decomposition gives differs from one processor to another."""
    random = np.random.default_rng(3)
    shapes = ((4, 8), (12, 4), (12,), (len(LABELS),))
    parts = (random.uniform(-0.6, 0.6, shape).astype(np.float16) for shape in shapes)
    return FamiliarImages(*(part.astype(np.float32) for part in parts))


def _embeddings() -> FloatArray:
    # The third is like none of the images, by this seed.
    random = np.random.default_rng(88)
    return random.normal(size=(len(LOGITS), 8)).astype(np.float32).round(3)


def _smooth() -> UInt8Array:
    y, x, c = np.mgrid[:SIZE, :SIZE, :3]
    drawn: UInt8Array = (x * 4 + y * 4 + c).astype(np.uint8)
    return drawn


def text() -> str:
    """The file's content; the same on any machine, but for the last digits of a float."""
    vectors = {"resampled": resampled(), "answered": answered()}
    return json.dumps(vectors, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
