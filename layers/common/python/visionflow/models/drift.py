"""How far incoming images have moved from those that a version was trained on.

Training leaves a `Reference` in the artifact: how often each label was answered to the validation
images, and how their embeddings are distributed, as a whitened projection on the K directions of
largest variance. Serving keeps `sketch`, K bytes, with each record; sums of sketches are enough to
compare the mean and the spread of any number of images with the reference.
"""

import base64
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING, Literal, TypeAlias

from visionflow import strict
from visionflow.bounds import check_count, check_number
from visionflow.errors import ConfigError

# NumPy is imported by the functions that need it, so that the API starts without.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray: TypeAlias = npt.NDArray[np.float32]

REFERENCE_FILE = "reference.json"
COMPONENTS = 16
# What is read: a record keeps a byte for each component, a container all of the projection.
MAX_COMPONENTS = 64
MAX_FEATURES = 16_384
MAX_REFERENCE_LABELS = 12_000

# A byte of a sketch counts sixteenths of a standard deviation, up to almost eight of them.
_STEPS = 16
_LARGEST = 127

# Siddiqi (2006), Credit Risk Scorecards: under 0.1 stable, over 0.25 a significant shift.
LABELS_LIMIT = 0.25
# Half a standard deviation in every direction at once.
EMBEDDING_LIMIT = 0.5
MIN_IMAGES = 200


@dataclass(frozen=True)
class EmbeddingReference:
    """Whitening of embeddings [F]: ``(e - mean) @ projection.T`` has mean 0 and variance 1 in each
    of its K directions over the reference. Both are float32, little-endian, in base64."""

    features: int
    components: int
    mean: str
    projection: str

    def __post_init__(self) -> None:
        check_number("reference.embedding.components", self.components, 1, MAX_COMPONENTS)
        check_number("reference.embedding.features", self.features, 1, MAX_FEATURES)
        # Decoded here, so that a damaged one is found when it is read.
        mean = _decoded(self.mean, (self.features,))
        projection = _decoded(self.projection, (self.components, self.features))
        object.__setattr__(self, "_mean", mean)
        object.__setattr__(self, "_projection", projection)

    def sketch(self, embedding: "FloatArray") -> bytes:
        """K signed bytes for an embedding [F]."""
        import numpy as np  # noqa: PLC0415

        mean: FloatArray = self.__dict__["_mean"]
        projection: FloatArray = self.__dict__["_projection"]
        whitened = projection @ (embedding.astype(np.float32) - mean)
        steps = np.rint(np.clip(whitened * _STEPS, -_LARGEST, _LARGEST))
        sketch: bytes = steps.astype(np.int8).tobytes()
        return sketch


@dataclass(frozen=True)
class Reference:
    """What a version answers to ``images`` validation images; ``labels`` counts answers and best
    guesses, parents among them."""

    images: int
    labels: dict[str, int]
    embedding: EmbeddingReference

    def __post_init__(self) -> None:
        check_number("reference.images", self.images, 0)
        check_count("reference.labels", len(self.labels), MAX_REFERENCE_LABELS)
        for count in self.labels.values():
            check_number("reference.labels", count, 0)

    @classmethod
    def parse(cls, text: str | bytes) -> "Reference":
        return strict.parse_json(cls, text, "reference")


DriftVerdict = Literal["too_few", "steady", "drifted"]


@dataclass(frozen=True)
class Drift:
    """``labels`` is the population stability index of the answers, ``embedding`` the distance of
    the embeddings in standard deviations of the reference. ``n``: the images that both are measured
    on; with fewer than ``needed`` the verdict is ``too_few``, whatever was measured. ``drifted``:
    one of the two is over its limit."""

    labels: float
    embedding: float | None
    n: int
    needed: int
    verdict: DriftVerdict


def measure_reference(labels: Mapping[str, int], embeddings: "FloatArray") -> Reference:
    """From answers by label (0 for those never given) and embeddings [N, F].

    The directions are the principal components: they hold most of what embeddings differ in.
    """
    import numpy as np  # noqa: PLC0415

    n, features = embeddings.shape
    centre = embeddings.mean(axis=0, dtype=np.float64)
    _, values, directions = np.linalg.svd(embeddings - centre, full_matrices=False)
    deviations = values / sqrt(max(n - 1, 1))
    kept = int(min(COMPONENTS, max(1, (deviations > 1e-6 * deviations[0]).sum())))
    projection = directions[:kept] / np.maximum(deviations[:kept, None], 1e-12)
    return Reference(
        images=n,
        labels=dict(labels),
        embedding=EmbeddingReference(features, kept, _encoded(centre), _encoded(projection)),
    )


def read_sketch(sketch: bytes) -> list[int]:
    """The steps of `EmbeddingReference.sketch`, to be summed as whole numbers."""
    return array("b", sketch).tolist()


def stability_index(found: Mapping[str, int], expected: Mapping[str, int]) -> float:
    """Population stability index of two sets of counts, 0 where their shares are equal.

    Half an image is added to each count, so a label missing in one of them does not give infinity.
    """
    labels = sorted({*found, *expected})
    if not labels:
        return 0.0
    total_found = sum(found.values()) + len(labels) / 2
    total_expected = sum(expected.values()) + len(labels) / 2
    index = 0.0
    for label in labels:
        a = (found.get(label, 0) + 0.5) / total_found
        b = (expected.get(label, 0) + 0.5) / total_expected
        index += (a - b) * log(a / b)
    return index


def embedding_distance(n: int, sums: list[int], squares: list[int]) -> float | None:
    """2-Wasserstein (Frechet) distance between the reference and ``n`` sketches, both taken as
    normal with diagonal covariance, over the root of the number of directions.

    Dowson and Landau (1982), https://doi.org/10.1016/0047-259X(82)90077-X; the reference is the
    standard normal. None for fewer than two.
    """
    if n < 2 or not sums:
        return None
    total = 0.0
    for first, second in zip(sums, squares, strict=True):
        mean = first / n / _STEPS
        variance = max(0.0, second / n / _STEPS**2 - mean * mean)
        total += mean * mean + (sqrt(variance) - 1) ** 2
    return sqrt(total / len(sums))


def measure_drift(
    reference: Reference, labels: Mapping[str, int], n: int, sums: list[int], squares: list[int]
) -> Drift:
    """``labels``: answers by label; ``n`` sketches with their ``sums`` and sums of ``squares``."""
    answers = sum(labels.values())
    index = stability_index(labels, reference.labels)
    distance = embedding_distance(n, sums, squares)
    # Sampling alone gives an index of about (C - 1) (1/n + 1/N): Yurdakul (2018), Western Michigan.
    expected = (len(reference.labels) - 1) * (1 / max(answers, 1) + 1 / max(reference.images, 1))
    labels_moved = index > LABELS_LIMIT + expected
    embedding_moved = distance is not None and distance > EMBEDDING_LIMIT
    # A record from before sketches has an answer only.
    both = min(answers, n)
    verdict: DriftVerdict = "drifted" if labels_moved or embedding_moved else "steady"
    return Drift(
        labels=round(index, 4),
        embedding=None if distance is None else round(distance, 4),
        n=both,
        needed=MIN_IMAGES,
        verdict="too_few" if both < MIN_IMAGES else verdict,
    )


def _encoded(values: "npt.NDArray[np.floating]") -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _decoded(text: str, shape: tuple[int, ...]) -> "FloatArray":
    import numpy as np  # noqa: PLC0415

    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").reshape(shape)
    except ValueError as error:
        raise ConfigError(f"reference.embedding: is not {shape} numbers") from error
    if not np.isfinite(values).all():
        raise ConfigError("reference.embedding: holds numbers that are not finite")
    return values
