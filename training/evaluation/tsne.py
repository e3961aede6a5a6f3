"""Embeddings laid out on a plane: images that look alike to the network lie close together."""

from importlib.util import find_spec

import numpy as np

from training.data.listing import Int64Array
from training.results.findings import EmbeddingMap
from visionflow.answers.classifier import FloatArray
from visionflow.sentences import say

LEAST_IMAGES = 20
PERPLEXITY = 30.0


def map_embeddings(
    embeddings: FloatArray, targets: Int64Array, answers: Int64Array, seed: int
) -> EmbeddingMap:
    """t-SNE (van der Maaten & Hinton 2008) of ``embeddings`` [M, F].

    Two embeddings are similar where the cosine of their angle is high. Time grows a little faster
    than M.
    """
    if find_spec("sklearn") is None:
        return _skipped(say("no_sklearn"))
    if len(embeddings) < LEAST_IMAGES:
        return _skipped(say("too_few_to_map", images=len(embeddings), needed=LEAST_IMAGES))
    if not np.ptp(embeddings, axis=0).any():
        return _skipped(say("same_embeddings"))
    from sklearn.manifold import TSNE  # noqa: PLC0415

    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    # Of unit length, so that Euclidean distance orders images as the angle does.
    directions = embeddings / np.maximum(norms, np.finfo(np.float32).tiny)
    perplexity = min(PERPLEXITY, (len(embeddings) - 1) / 3)
    layout = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    points = layout.fit_transform(directions)
    return EmbeddingMap(
        skipped=None,
        x=tuple(round(float(x), 2) for x in points[:, 0]),
        y=tuple(round(float(y), 2) for y in points[:, 1]),
        truth=tuple(int(target) for target in targets),
        answer=tuple(int(answer) for answer in answers),
    )


def _skipped(reason: str) -> EmbeddingMap:
    return EmbeddingMap(reason, (), (), (), ())
