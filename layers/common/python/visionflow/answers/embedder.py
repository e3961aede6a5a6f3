"""Embeddings of images by an artifact's trunk, whatever its classes are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from visionflow.answers.session import open_session
from visionflow.errors import ArtifactError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pixels import UInt8Array
from visionflow.models.manifest import Manifest, read_manifest

VIEWS: Final = 2
"""An image, and its mirror image."""
_TRUNK = ("name", "version", "sha256")


def trunk_of(manifest: Manifest) -> dict[str, str]:
    """What the config of an artifact with another head says of the trunk that it is on."""
    named = (manifest.name, manifest.version, manifest.served_file.sha256)
    return dict(zip(_TRUNK, named, strict=True))


def trunk_id(trunk: Mapping[str, object]) -> str:
    """`trunk_of` as one text. Embeddings are comparable only under the same one."""
    return " ".join(str(trunk.get(part)) for part in _TRUNK)


def packed(embedding: npt.NDArray[np.float32]) -> bytes:
    """An image's embedding [`VIEWS`, F] as it is stored: float16, little-endian."""
    return embedding.astype("<f2").tobytes()


def unpacked(data: bytes) -> npt.NDArray[np.float32]:
    """The inverse of `packed`, but for what float16 lacks."""
    return np.frombuffer(data, "<f2").reshape(VIEWS, -1).astype(np.float32)


class Embedder:
    """The trunk of one artifact. Thread-safe, as ONNX Runtime sessions are.

    Attributes:
        manifest: of the artifact.
        trunk: `trunk_id`.
        features: the length of an embedding.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Open the artifact in ``folder`` with ``threads`` threads.

        Raises `ConfigError` for its manifest, and `ArtifactError` for a model that is missing or
        altered.
        """
        self.manifest: Final[Manifest] = read_manifest(folder)
        served = self.manifest.served_file
        try:
            model = (folder / served.path).read_bytes()
        except FileNotFoundError as error:
            raise ArtifactError(f"{served.path}: named by the manifest, but missing") from error
        served.check(model)
        self.trunk: Final = trunk_id(trunk_of(self.manifest))
        self._session = open_session(model, threads)
        outputs = {output.name: output.shape for output in self._session.get_outputs()}
        match outputs.get("embedding"):
            case [_, int(features)]:
                self.features: Final = features
            case shape:
                raise ArtifactError(f"{served.path}: the model's embedding has the shape {shape}")

    @property
    def spec(self) -> InputSpec:
        return self.manifest.input

    def embed(self, images: UInt8Array) -> npt.NDArray[np.float32]:
        """Embeddings, [N, 2, F], of images of `spec`, uint8 [N, size, size, 3]: each of the image
        and of its mirror image.

        An image's embedding does not depend on those beside it.
        """
        embeddings = np.empty((len(images), VIEWS, self.features), np.float32)
        # One image at a time is the fastest: more leave the processor's cache.
        for image, found in zip(images, embeddings, strict=True):
            views = np.stack([image, image[:, ::-1]])
            found[:] = self._session.run(["embedding"], {"image": views})[0]
        return embeddings
