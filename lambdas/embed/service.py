"""Embeddings of the images of a chunk that have none of the packaged trunk.

Each image has one row for its embedding, so a chunk that is embedded twice leaves one embedding
each; images that have theirs are not read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdas.classification.content import content_of
from lambdas.classification.decoder import Decoder, process_decoder
from visionflow.answers.embedder import Embedder
from visionflow.datasets.names import content_key
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.errors import ImageError, MissingImageError
from visionflow.images.store import ImageStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class ChunkEmbedder:
    """``bucket`` holds the images."""

    runs: RunStore
    store: DatasetStore
    bucket: str
    s3: "S3Client"
    embedder: Embedder
    # An image that ends its decoder, or takes too long, is left out like one that cannot be read.
    decoder: Decoder = field(default_factory=process_decoder)

    def embed(self, dataset: str, run_id: str, number: int, hashes: Sequence[str]) -> int:
        """How many images of the chunk have an embedding now.

        An image that is gone or cannot be read is left out: the training then says which, and the
        next one does without those that cannot be read. Raises `RunConflictError` when the training
        has ended.
        """
        run = self.runs.run(dataset, run_id)
        # One more call for a run that was stopped costs nothing but this.
        self.runs.progress(run, "embed", number, 0)
        known = {
            sha256
            for sha256, content in self.store.curation.contents(dataset, hashes)
            if content.trunk == self.embedder.trunk
        }
        done = len(known)
        for sha256 in hashes:
            if sha256 not in known and self._embed(dataset, sha256):
                done += 1
        self.runs.progress(run, "embed", number, done)
        return done

    def _embed(self, dataset: str, sha256: str) -> bool:
        try:
            data = ImageStore(self.bucket, self.s3).read(content_key(dataset, sha256), None)
            content, _ = content_of(data, self.decoder, self.embedder)
        except MissingImageError:
            return False
        except ImageError as error:
            self.store.curation.unreadable(dataset, sha256, error)
            return False
        return self.store.curation.embedded(dataset, sha256, content)
