import dataclasses

import pytest

from tests.images import plain
from visionflow.errors import ConfigError
from visionflow.images import pipeline
from visionflow.images.input_spec import MAX_SIZE, MIN_SIZE, InputSpec


@pytest.mark.parametrize(
    ("size", "box"), [((400, 300), (50, 0, 350, 300)), ((300, 400), (0, 50, 300, 350))]
)
def test_without_a_margin_the_crop_is_the_largest_centred_square(
    size: tuple[int, int], box: tuple[float, ...]
) -> None:
    assert InputSpec(224, 224).crop_box(*size) == box


def test_a_margin_is_cut_off_on_all_sides() -> None:
    assert InputSpec(192, 256).crop_box(256, 256) == (32, 32, 224, 224)


def test_the_relative_box_is_in_fractions() -> None:
    box = InputSpec(32, 32).relative_box(400, 300)
    assert dataclasses.astuple(box) == (0.125, 0.0, 0.75, 1.0)


@pytest.mark.parametrize(
    ("size", "resize", "message"),
    [
        (11, 10, "between size and 4 times"),
        (10, 41, "between size and 4 times"),
        (224, 10_000_000, "found 10000000"),
        (10_000_000, 10_000_000, "between 4 and 1024"),
        (MAX_SIZE + 1, MAX_SIZE + 1, "between 4 and 1024"),
        (MIN_SIZE - 1, 10, "between 4 and 1024"),
        (0, 10, "between 4 and 1024"),
        (-1, 10, "between 4 and 1024"),
    ],
)
def test_a_geometry_out_of_range_is_refused(size: int, resize: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        InputSpec(size, resize)


@pytest.mark.parametrize(
    "spec", [InputSpec(MAX_SIZE, 4 * MAX_SIZE), InputSpec(MIN_SIZE, 4 * MIN_SIZE)]
)
@pytest.mark.parametrize("size", [(1, 1), (1, 3_000), (3_000, 1)])
def test_every_geometry_in_range_cuts_something_from_every_image(
    spec: InputSpec, size: tuple[int, int]
) -> None:
    image = pipeline.DecodedImage.of(plain("red", size=size))
    assert pipeline.prepare(image, spec)[0, 0].tolist() == [255, 0, 0]
