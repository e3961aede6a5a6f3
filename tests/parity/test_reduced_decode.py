"""A JPEG that is decoded at reduced scale shows the model what the whole one shows it.

On real images, enlarged so far that they are reduced with no more headroom than is always left:
every detail that the model could see is there, and the most of what it could not.
"""

import io
import os
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.reduced_decode import enlarged
from tests.images import encode
from tests.parity.images import photo
from training.export.gate_checks import session_outputs
from visionflow.answers.classifier import Classifier
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array
from visionflow.models.manifest import read_artifact
from visionflow_starter import STARTER

SETS = ("general20", "flowers5")
IMAGES = 60


def data_folder() -> Path:
    folder = os.environ.get("VISIONFLOW_DATA")
    if folder is None:
        pytest.skip("VISIONFLOW_DATA does not name a folder that holds general20.tar and so on")
    return Path(folder)


@cache
def images(name: str, count: int = IMAGES) -> list[bytes]:
    """``count`` images of a dataset, spread over its classes."""
    with tarfile.open(data_folder() / f"{name}.tar") as archive:
        members = [member for member in archive if member.isfile()]
        chosen = members[:: len(members) // count]
        return [file.read() for member in chosen if (file := archive.extractfile(member))]


def both_ways(data: bytes, spec: InputSpec, reduction: int) -> tuple[UInt8Array, UInt8Array]:
    """The tensor from every pixel, and from what serving decodes."""
    fast = pipeline.decode(data, spec)
    assert fast.reduction == reduction
    return pipeline.prepare(pipeline.decode(data), spec), pipeline.prepare(fast, spec)


def in_scans(data: bytes, quality: int) -> bytes:
    return encode(Image.open(io.BytesIO(data)), quality=quality, progressive=True)


@pytest.fixture
def without_thumbnail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a thumbnail needs would leave small models more than the least headroom."""
    monkeypatch.setattr(pipeline, "THUMBNAIL_SIDE", 1)
    yield


def differences(
    data: list[bytes], spec: InputSpec, reduction: int, quality: int | None = None
) -> list[float]:
    """Mean absolute difference of the two tensors of each image, in grey levels. With ``quality``
    the image is a progressive JPEG of it."""
    large = (enlarged(image, spec, reduction, seed) for seed, image in enumerate(data))
    tensors = [
        both_ways(image if quality is None else in_scans(image, quality), spec, reduction)
        for image in large
    ]
    return [float(np.abs(whole.astype(int) - fast).mean()) for whole, fast in tensors]


@pytest.mark.parametrize("reduction", [2, 4, 8])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_photograph_s_tensor_stays_within_the_tolerance(
    interpolation: str, reduction: int, without_thumbnail: None
) -> None:
    spec = InputSpec(32, 36, interpolation="bicubic" if interpolation == "bicubic" else "bilinear")
    (difference,) = differences([encode(photo())], spec, reduction)
    assert difference < pipeline.TOLERANCE / 2


@pytest.mark.parametrize("name", SETS)
def test_real_images_stay_within_the_tolerance(name: str, without_thumbnail: None) -> None:
    found = differences(images(name), InputSpec(32, 32), 4)
    print(f"{name}: median {median(found):.2f}, most {max(found):.2f} grey levels")
    assert median(found) < 0.8
    assert max(found) < pipeline.TOLERANCE


@pytest.mark.parametrize("quality", [50, 90])
@pytest.mark.parametrize("reduction", [4, 8])
def test_real_images_in_scans_stay_within_the_tolerance(
    reduction: int, quality: int, without_thumbnail: None
) -> None:
    found = differences(images("general20")[::6], InputSpec(32, 32), reduction, quality)
    print(f"quality {quality}: median {median(found):.2f}, most {max(found):.2f} grey levels")
    assert median(found) < 0.8
    assert max(found) < pipeline.TOLERANCE


@pytest.mark.parametrize("name", SETS)
def test_the_sets_as_they_are_give_the_same_tensors_to_the_bit(name: str) -> None:
    """At 160 pixels they are not reduced for any network, so both ways are equally accurate."""
    for data in images(name):
        for spec in (InputSpec(224, 256), InputSpec(32, 32)):
            whole, fast = both_ways(data, spec, 1)
            np.testing.assert_array_equal(whole, fast)


def test_the_starter_answers_the_same_both_ways(without_thumbnail: None) -> None:
    """To photos of its classes, enlarged until a quarter of their pixels is decoded."""
    manifest = read_artifact(STARTER)
    with tarfile.open(data_folder() / "imagenet1000-samples.tar") as archive:
        members = [member for member in archive if member.isfile()][::40]
        data = [file.read() for member in members if (file := archive.extractfile(member))]
    tensors = [
        both_ways(enlarged(image, manifest.input, 4, seed), manifest.input, 4)
        for seed, image in enumerate(data)
    ]
    classifier = Classifier(STARTER / manifest.served_file.path, manifest)
    whole, fast = (
        session_outputs(classifier, np.stack(column)).logits.argmax(axis=1)
        for column in zip(*tensors, strict=True)
    )
    agreement = np.mean(whole == fast)
    print(f"the same answer to {agreement:.1%} of {len(data)}")
    assert agreement >= 0.95
