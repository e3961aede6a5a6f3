"""Groups of images that look alike to a model."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from visionflow.backfills.comparison.candidates import Candidate

FloatArray = npt.NDArray[np.float32]

MOST_CLUSTERS: Final = 20


def clustered(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """By the similarity of their embeddings; by their answers where a version gives none."""
    sizes = {len(one.embedding) for one in candidates}
    if len(sizes) == 1 and sizes != {0}:
        vectors = np.stack([np.frombuffer(one.embedding, np.float16) for one in candidates])
        numbers = ward(vectors.astype(np.float32), clusters_of(len(candidates)))
    else:
        cells = {cell: at for at, cell in enumerate(dict.fromkeys(c.cell for c in candidates))}
        numbers = [min(cells[one.cell], MOST_CLUSTERS - 1) for one in candidates]
    found: dict[int, list[Candidate]] = {}
    for number, one in zip(numbers, candidates, strict=True):
        found.setdefault(number, []).append(one)
    return list(found.values())


def clusters_of(images: int) -> int:
    """The square root of half of them, and at most `MOST_CLUSTERS`.

    Mardia, Kent and Bibby (1979), Multivariate Analysis, chapter 13.
    """
    return max(1, min(MOST_CLUSTERS, round(sqrt(images / 2))))


def ward(points: FloatArray, clusters: int) -> list[int]:
    """The cluster of each of the [N, F] ``points``: those two are joined whose union has the least
    more variance within, until so many are left.

    Ward (1963), https://doi.org/10.1080/01621459.1963.10500845. Distances after a step are those of
    Lance and Williams (1967), https://doi.org/10.1093/comjnl/9.4.373. N steps of N x N distances:
    0.3 s for a thousand points on one core.
    """
    count = len(points)
    # Squared distances; for two single points twice what the variance grows by.
    norms = (points * points).sum(axis=1)
    apart = np.maximum(norms[:, None] + norms[None] - 2 * points @ points.T, 0).astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    sizes = np.ones(count)
    belongs = np.arange(count)
    nearest = apart.min(axis=1)
    for _ in range(count - clusters):
        i = int(nearest.argmin())
        j = int(apart[i].argmin())
        total = sizes[i] + sizes[j] + sizes
        between = apart[i, j]
        joined = (
            (sizes[i] + sizes) * apart[i] + (sizes[j] + sizes) * apart[j] - sizes * between
        ) / total
        joined[[i, j]] = np.inf
        joined[np.isinf(apart[i])] = np.inf
        apart[i], apart[:, i] = joined, joined
        apart[j], apart[:, j] = np.inf, np.inf
        sizes[i] += sizes[j]
        belongs[belongs == j] = i
        nearest = apart.min(axis=1)
    return [int(number) for number in belongs]
