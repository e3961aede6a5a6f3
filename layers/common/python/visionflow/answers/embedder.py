"""Embeddings of images by an artifact's trunk, whatever its classes are."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from visionflow.answers.session import open_session, run_options
from visionflow.errors import ArtifactError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import Manifest, read_manifest

VIEWS: Final = 2
"""An image as it is answered, and the mirror image of its enlarged centre: the same thing nearer
and turned, from which a head learns what does not matter."""
NEARER: Final = 9 / 14
"""The share of each side that the second view shows: 144 of 224 px."""


class Embedder:
    """The trunk of one artifact. Thread-safe, as ONNX Runtime sessions are.

    Attributes:
        manifest: of the artifact.
        trunk: name, version and SHA-256 of the model's file. Views are comparable only under the
            same one.
        kind: the trunk and the views. A head is fitted to embeddings of one kind.
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
        self.trunk: Final = f"{self.manifest.name} {self.manifest.version} {served.sha256}"
        self.kind: Final = f"{self.trunk} nearer {NEARER:.4f} mirrored"
        self._session = open_session(model, threads)
        self._options = run_options()
        # The head and its map are left out.
        self._options.only_execute_path_to_fetches = True
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
        """Embeddings, [N, 2, F], of images of `spec`, uint8 [N, size, size, 3]: each of the views
        that `VIEWS` names.

        An image's embedding does not depend on those beside it.
        """
        embeddings = np.empty((len(images), VIEWS, self.features), np.float32)
        # One image at a time is the fastest: more leave the processor's cache.
        for image, found in zip(images, embeddings, strict=True):
            views = np.stack([image, _nearer(image)[:, ::-1]])
            found[:] = self._session.run(["embedding"], {"image": views}, self._options)[0]
        return embeddings


def _nearer(image: UInt8Array) -> UInt8Array:
    """The centre of ``image`` [size, size, 3], enlarged to its size."""
    size = len(image)
    edge = size * (1 - NEARER) / 2
    box = (edge, edge, size - edge, size - edge)
    # Smoother filters take as long as the trunk, and heads of their views are no better.
    enlarged = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box)
    return np.asarray(enlarged)
