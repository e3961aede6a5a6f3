"""Answers of a model: an ONNX Runtime session behind labels and probabilities."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from visionflow import strict
from visionflow.answers.answer import ClassActivationMap, Score, UnknownReason
from visionflow.answers.back_off import BackOff
from visionflow.answers.familiarity import FamiliarImages, finest_detail
from visionflow.answers.session import open_session, run_options
from visionflow.errors import ArtifactError
from visionflow.images.pixels import UInt8Array
from visionflow.models.drift import MAX_FEATURES
from visionflow.models.manifest import Manifest, read_artifact

FloatArray = npt.NDArray[np.float32]

# Anchors of the heat colours at equal distances from 0 to 1: blue, cyan, yellow, red.
_HEAT = np.array([[20, 40, 200], [0, 190, 230], [255, 220, 60], [220, 30, 30]], dtype=np.float32)
_MOST_OPAQUE = 230
# Under it sums and quotients of outputs are finite too.
_LARGEST = 1e30
# The longest side of a map: an answer carries it as text, and a record keeps it.
_MAX_MAP_SIDE = 64
# Pixels of the overlay for a cell of the map (most networks reduce by 32), and its longest side.
_OVERLAY_SCALE, _OVERLAY_SIDE = 32, 256


@dataclass(frozen=True)
class Explanation(ClassActivationMap):
    """A map, and the same as a small PNG (data URL, RGBA) to be stretched over ``box``."""

    overlay: str

    @classmethod
    def draw(cls, activation_map: ClassActivationMap) -> Self:
        heat = np.array(activation_map.values, dtype=np.float32)
        return strict.extended(cls, activation_map, overlay=_overlay_url(heat))


@dataclass(frozen=True, eq=False)
class Classification:
    """The answer for one image.

    ``label`` is what the image is called, with its ``confidence``: the best label, or the deepest
    parent that is certain enough where no label is; ``parents`` are above it, from the top down.
    ``scores`` has every label, best first. ``unknown``: why ``label`` is not an answer, None where
    it is one. ``familiarity``: the similarity to the images that the model was taught, None where
    the manifest lacks what it takes. ``embedding`` is [F]; ``cam`` is [C, h, w], the head at every
    location, and [C, 0, 0] where the model has no map that it pools.
    """

    label: str
    confidence: float
    parents: tuple[str, ...]
    scores: tuple[Score, ...]
    unknown: UnknownReason | None
    familiarity: float | None
    embedding: FloatArray
    cam: FloatArray

    @property
    def known(self) -> bool:
        return self.unknown is None


class Classifier:
    """Runs one model version. Thread-safe, as ONNX Runtime sessions are."""

    def __init__(
        self,
        model: bytes | Path,
        manifest: Manifest,
        threads: int = 1,
        familiar: FamiliarImages | None = None,
    ) -> None:
        """Open the session on ``model`` (a path, or a file's bytes) with ``threads`` threads.

        Without ``familiar``, the images that the manifest's familiarity names, no image is
        unfamiliar. Raises `ArtifactError` when ``model`` is not a model, or not one for this
        manifest.
        """
        self.manifest = manifest
        self._tree = manifest.label_tree()
        self._back_off = BackOff(self._tree)
        self._label_names = manifest.label_names
        self._familiar = familiar
        self._session = open_session(model, threads)
        self._running: set[Any] = set()
        self._check_outputs()

    @classmethod
    def open(cls, folder: str | Path, threads: int = 1) -> Self:
        """The served form of the artifact in ``folder``, every file verified. Raises
        `ArtifactError`, `ConfigError`."""
        return cls.of_artifact(Path(folder), read_artifact(Path(folder)), threads)

    @classmethod
    def of_artifact(cls, folder: Path, manifest: Manifest, threads: int = 1) -> Self:
        """The served form in ``folder``, with its familiar images. Raises `ArtifactError`."""
        familiar = None
        if manifest.familiarity:
            familiar = FamiliarImages.open(folder / manifest.familiarity.file.path)
        return cls(folder / manifest.served_file.path, manifest, threads, familiar)

    def _check_outputs(self) -> None:
        outputs = {output.name: output for output in self._session.get_outputs()}
        if missing := {"logits", "embedding", "cam"} - set(outputs):
            raise ArtifactError(f"the model has no output {', '.join(sorted(missing))}")
        for name, dimensions in (("logits", 2), ("embedding", 2), ("cam", 4)):
            shape, kind = outputs[name].shape, outputs[name].type
            if len(shape) != dimensions or kind != "tensor(float)":
                raise ArtifactError(f"the model's {name} are {kind} of shape {shape}")
        classes, labels = outputs["logits"].shape[1], len(self.manifest.labels)
        if classes != labels:
            raise ArtifactError(f"the model has {classes} classes, the manifest {labels} labels")
        features = outputs["embedding"].shape[1]
        if self._familiar and not self._familiar.fits(features, labels):
            raise ArtifactError("the familiar images are those of another model")

    def run(self, batch: UInt8Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The raw outputs (logits [N, C], embedding [N, F], cam [N, C, h, w]) for [N, H, W, 3]."""
        options = run_options()
        self._running.add(options)
        try:
            names = ["logits", "embedding", "cam"]
            logits, embedding, cam = self._session.run(names, {"image": batch}, options)
        finally:
            self._running.discard(options)
        return logits, embedding, cam

    def stop(self) -> None:
        """Let every run end before its next node, with an error."""
        for options in tuple(self._running):
            options.terminate = True

    def classify_file(self, file: str | Path) -> Classification:
        """The answer to one image, decoded as the functions do it. Raises `ImageError`."""
        from visionflow.images.pipeline import load  # noqa: PLC0415  functions decode elsewhere

        batch = load(Path(file).read_bytes(), self.manifest.input)[None]
        return self.classify(batch)[0]

    def classify(self, batch: UInt8Array) -> list[Classification]:
        """One `Classification` for each image of a uint8 [N, size, size, 3] batch.

        Raises `ArtifactError` for outputs that no answer can be made of.
        """
        return self.answers(batch, *self.run(batch))

    def answers(
        self, batch: UInt8Array, logits: FloatArray, embeddings: FloatArray, cams: FloatArray
    ) -> list[Classification]:
        """What `classify` makes of the outputs of `run`, or of such outputs averaged over the
        frames of a camera. Raises `ArtifactError`."""
        self._check_values(len(batch), logits, embeddings, cams)
        probabilities = softmax(logits / np.float32(self.manifest.temperature))
        familiarity = None
        if self._familiar:
            familiarity = self._familiar.familiarity(embeddings, probabilities.argmax(axis=1))
        named = self._back_off.name(probabilities, self.manifest.unknown_threshold)
        reasons = unknown_reasons(self.manifest, named.confidences, familiarity, batch)
        names = [self._back_off.names[node] for node in named.nodes]
        return [
            Classification(
                names[i],
                float(named.confidences[i]),
                self._tree.ancestors(names[i]),
                self._scores(probabilities[i]),
                reasons[i],
                None if familiarity is None else float(familiarity[i]),
                embeddings[i],
                cams[i],
            )
            for i in range(len(batch))
        ]

    def _check_values(
        self, images: int, logits: FloatArray, embeddings: FloatArray, cams: FloatArray
    ) -> None:
        """What a graph declares of its outputs does not bind it, and may leave sizes open."""
        labels = len(self.manifest.labels)
        shapes = (logits.shape, embeddings.shape[:1], cams.shape[:2])
        if shapes != ((images, labels), (images,), (images, labels)):
            raise ArtifactError(f"the model's outputs have shapes that do not fit: {shapes}")
        if max(cams.shape[2:]) > _MAX_MAP_SIDE or embeddings.shape[1] > MAX_FEATURES:
            raise ArtifactError(
                f"the model's map is {cams.shape[2:]} and its embedding {embeddings.shape[1:]}, at "
                f"most {_MAX_MAP_SIDE} and {MAX_FEATURES} are possible"
            )
        for values in (logits, embeddings, cams):
            # False for what is not a number.
            if values.size and not np.abs(values).max() < _LARGEST:
                raise ArtifactError("the model answers with numbers that are not finite")

    def activation_map(
        self, classification: Classification, label: str, image_size: tuple[int, int]
    ) -> ClassActivationMap | None:
        """The map of ``label``, or of a parent, for an image of ``image_size`` (width, height).

        A parent's is the sum of its labels' maps, each weighted by its probability: the gradient
        of the parent's log-probability before it is normalised. None for a model without maps,
        whose ``cam`` is empty.
        """
        if not classification.cam.size:
            return None
        leaves = list(self._tree.leaves(label))
        found = {score.label: score.confidence for score in classification.scores}
        weights = np.array([found[self.manifest.labels[i].name] for i in leaves], np.float32)
        # A probability of 0 for all of them weighs them alike.
        weights = weights / weights.sum() if weights.any() else weights + 1
        heat = _scaled_to_unit(np.tensordot(weights, classification.cam[leaves], axes=1))
        return ClassActivationMap(
            label=label,
            width=heat.shape[1],
            height=heat.shape[0],
            values=tuple(tuple(round(float(v), 4) for v in row) for row in heat),
            box=self.manifest.input.relative_box(*image_size),
        )

    def _scores(self, probabilities: FloatArray) -> tuple[Score, ...]:
        order = np.argsort(-probabilities, kind="stable")
        # One conversion for all: a thousand labels take half of the time that one by one takes.
        names = map(self._label_names.__getitem__, order.tolist())
        return tuple(map(Score, names, probabilities[order].tolist()))


def unknown_reasons(
    manifest: Manifest,
    confidences: FloatArray,
    familiarity: FloatArray | None,
    images: UInt8Array,
) -> list[UnknownReason | None]:
    """Why each image has no answer, by the thresholds of ``manifest``; None where it has one.

    ``confidences``: [N], of what `BackOff` names; ``familiarity``: [N] as
    `FamiliarImages.familiarity` measures it, or None where it cannot be; ``images``: uint8
    [N, H, W, 3].
    """
    unsure = confidences < manifest.unknown_threshold
    unfamiliar = np.zeros(len(unsure), np.bool_)
    if familiarity is not None and (rule := manifest.familiarity):
        blurred = finest_detail(images) < rule.least_detail
        # What is not a number is not familiar.
        unfamiliar = ~(familiarity >= rule.threshold) | blurred
    return [
        "unfamiliar" if strange else "unsure" if doubtful else None
        for strange, doubtful in zip(unfamiliar, unsure, strict=True)
    ]


def softmax(logits: FloatArray) -> FloatArray:
    """Row-wise probabilities of [N, C], shifted by the maximum so that nothing overflows."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: FloatArray = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def _scaled_to_unit(cam: FloatArray) -> FloatArray:
    """Positive evidence only, the strongest location at 1 (Zhou et al. 2016, arXiv:1512.04150)."""
    positive = np.maximum(cam, np.float32(0))
    peak = positive.max()
    return positive / peak if peak > 0 else positive


def _overlay_url(heat: FloatArray) -> str:
    from PIL import Image  # noqa: PLC0415  few ask for a map

    side = min(max(heat.shape) * _OVERLAY_SCALE, _OVERLAY_SIDE)
    smooth = np.asarray(Image.fromarray(heat).resize((side, side), Image.Resampling.BICUBIC))
    smooth = smooth.clip(0, 1)
    anchors = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(smooth, anchors, _HEAT[:, c]) for c in range(3)]
    rgba = np.stack([*channels, smooth * _MOST_OPAQUE], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
