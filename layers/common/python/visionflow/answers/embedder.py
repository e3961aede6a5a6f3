"""Embeddings of images by an artifact's trunk, whatever its classes are."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from visionflow.answers.session import open_session, run_options
from visionflow.errors import ArtifactError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import Manifest, read_manifest

VIEWS: Final = 2
"""An image, and its mirror image."""


class Embedder:
    """The trunk of one artifact. Thread-safe, as ONNX Runtime sessions are.

    Attributes:
        manifest: of the artifact.
        trunk: name, version and SHA-256 of the model's file. Embeddings are comparable only under
            the same one.
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
        """Embeddings, [N, 2, F], of images of `spec`, uint8 [N, size, size, 3]: each of the image
        and of its mirror image.

        An image's embedding does not depend on those beside it.
        """
        embeddings = np.empty((len(images), VIEWS, self.features), np.float32)
        # One image at a time is the fastest: more leave the processor's cache.
        for image, found in zip(images, embeddings, strict=True):
            views = np.stack([image, image[:, ::-1]])
            found[:] = self._session.run(["embedding"], {"image": views}, self._options)[0]
        return embeddings
