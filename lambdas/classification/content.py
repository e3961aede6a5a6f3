"""What a dataset keeps of an image's pixels."""

import numpy as np

from lambdas.classification.decoder import Decoder
from visionflow.answers.embedder import Embedder, packed
from visionflow.datasets.images.curation import THUMBNAIL_SIDE, ImageContent


def content_of(
    data: bytes, decoder: Decoder, embedder: Embedder
) -> tuple[ImageContent, tuple[int, int]]:
    """The content of an image, and its width and height. Raises what `Decoder.prepare` raises."""
    prepared = decoder.prepare(data, embedder.spec, thumbnail=THUMBNAIL_SIDE)
    embedding = embedder.embed(prepared.tensor[np.newaxis])[0]
    content = ImageContent(
        embedding=packed(embedding), thumbnail=prepared.thumbnail, trunk=embedder.trunk
    )
    return content, prepared.size
