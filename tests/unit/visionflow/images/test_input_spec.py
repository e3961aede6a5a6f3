import dataclasses

import pytest

from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec


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


@pytest.mark.parametrize(("size", "resize"), [(0, 10), (11, 10), (-1, 10)])
def test_a_crop_larger_than_the_image_is_refused(size: int, resize: int) -> None:
    with pytest.raises(ConfigError, match="between 1 and resize"):
        InputSpec(size, resize)
