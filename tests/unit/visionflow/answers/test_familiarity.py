import io
import zipfile

import numpy as np
import pytest

from visionflow.answers.familiarity import FamiliarImages, FloatArray, finest_detail
from visionflow.errors import ArtifactError

FEATURES = 600


def cloud(center: FloatArray, images: int, spread: float, seed: int) -> FloatArray:
    """Embeddings [images, F] around ``center``."""
    noise = np.random.default_rng(seed).normal(size=(images, FEATURES))
    return (center + spread * noise).astype(np.float32)


@pytest.fixture
def centers() -> FloatArray:
    return np.random.default_rng(1).normal(size=(3, FEATURES)).astype(np.float32)


@pytest.fixture
def familiar(centers: FloatArray) -> FamiliarImages:
    embeddings = np.concatenate([cloud(centers[c], 200, 0.3, c) for c in (0, 1)])
    return FamiliarImages.of(embeddings, np.repeat([0, 1], 200), 2)


def test_what_was_taught_is_more_familiar_than_what_was_not(
    familiar: FamiliarImages, centers: FloatArray
) -> None:
    known = familiar.familiarity(cloud(centers[0], 50, 0.3, 7), np.zeros(50, np.int64))
    strange = familiar.familiarity(cloud(centers[2], 50, 0.3, 8), np.zeros(50, np.int64))
    assert known.min() > strange.max()


def test_a_class_of_unlike_images_is_judged_by_its_own_measure(centers: FloatArray) -> None:
    embeddings = np.concatenate([cloud(centers[0], 200, 0.2, 0), cloud(centers[1], 200, 1.0, 1)])
    familiar = FamiliarImages.of(embeddings, np.repeat([0, 1], 200), 2)
    assert familiar.class_mean[0] > familiar.class_mean[1] + 0.3
    alike = familiar.familiarity(cloud(centers[0], 50, 0.2, 7), np.zeros(50, np.int64))
    unlike = familiar.familiarity(cloud(centers[1], 50, 1.0, 8), np.ones(50, np.int64))
    plain = np.median(familiar.class_mean[0] - familiar.class_mean[1])
    assert 0 < np.median(alike) - np.median(unlike) < 0.6 * plain


def test_what_is_kept_gives_the_same_answers(familiar: FamiliarImages, centers: FloatArray) -> None:
    again = FamiliarImages.open(familiar.to_bytes())
    images, answers = cloud(centers[1], 20, 0.5, 3), np.ones(20, np.int64)
    np.testing.assert_array_equal(
        again.familiarity(images, answers), familiar.familiarity(images, answers)
    )
    assert again.fits(FEATURES, 2)
    assert not again.fits(FEATURES, 3)


def test_two_thousand_images_of_a_wide_network_take_less_than_10_mb() -> None:
    embeddings = np.random.default_rng(0).random((2000, 2048), np.float32)
    familiar = FamiliarImages.of(embeddings, np.arange(2000) % 20, 20)
    assert len(familiar.to_bytes()) < 3e6
    assert sum(part.nbytes for part in vars(familiar).values()) < 6e6


@pytest.mark.parametrize("images", [1, 2, 5])
def test_few_images_are_enough(images: int) -> None:
    embeddings = np.random.default_rng(0).random((images, 8), np.float32)
    familiar = FamiliarImages.of(embeddings, np.zeros(images, np.int64), 2)
    assert np.isfinite(familiar.familiarity(embeddings, np.ones(images, np.int64))).all()


def test_an_embedding_of_nothing_but_zeros_is_judged(familiar: FamiliarImages) -> None:
    zeros = np.zeros((1, FEATURES), np.float32)
    assert np.isfinite(familiar.familiarity(zeros, np.zeros(1, np.int64))).all()


def test_bytes_of_something_else_are_refused(familiar: FamiliarImages) -> None:
    whole = familiar.to_bytes()
    shorter = FamiliarImages(
        familiar.axes, familiar.directions, familiar.neighbourhood[:-1], familiar.class_mean
    )
    for wrong in (b"", b"no archive", whole[:-200], whole[:100], shorter.to_bytes()):
        with pytest.raises(ArtifactError):
            FamiliarImages.open(wrong)


def archive(**parts: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in parts.items():
            with packed.open(f"{name}.npy", "w") as file:
                np.save(file, part)
    return buffer.getvalue()


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(familiar: FamiliarImages) -> None:
    parts = {name: part.astype(np.float16) for name, part in vars(familiar).items()}
    packed = archive(**parts, more=np.zeros(101_000_000, np.uint8))
    assert len(packed) < 2_000_000
    with pytest.raises(ArtifactError, match="bytes when unpacked"):
        FamiliarImages.open(packed)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(familiar: FamiliarImages, number: float) -> None:
    parts = {name: part.astype(np.float16) for name, part in vars(familiar).items()}
    parts["class_mean"][0] = number
    with pytest.raises(ArtifactError, match="not finite"):
        FamiliarImages.open(archive(**parts))


def test_an_enlarged_image_has_less_detail_than_the_original() -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    enlarged = np.repeat(np.repeat(sharp[:, :16, :16], 4, axis=1), 4, axis=2)
    one_colour = np.full((1, 64, 64, 3), 90, np.uint8)
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None], (1, 64, 64, 3)).copy()
    ramp[0] = np.arange(64, dtype=np.uint8)[:, None, None]
    detail = finest_detail(np.concatenate([sharp, enlarged, one_colour, ramp]))
    assert detail[0] == pytest.approx(1, abs=0.05)
    assert detail[1] == pytest.approx(0.5, abs=0.05)
    assert detail[2] == 0.5
    assert detail[3] == pytest.approx(0.5)
