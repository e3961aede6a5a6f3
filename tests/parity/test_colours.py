"""Colours that are converted after the reduction are those that are converted before it."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.images import encode
from tests.parity.images import photo
from tests.profiles import SPACES, of_space
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage

SPEC = InputSpec(224, 256, interpolation="bicubic")
# Mean difference in grey levels of 255, of a photograph that is taken for one in each space.
# ProPhoto is the widest there is: 0.9, Adobe RGB 0.4, Display P3 0.2.
MEAN = 1.0


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("side", [512, 2400])
def test_the_order_of_reduction_and_conversion_does_not_show(name: str, side: int) -> None:
    image = photo().resize((side, side))
    data = encode(image, "JPEG", quality=95, icc_profile=of_space(SPACES[name]))
    last = pipeline.decode(data, SPEC)
    first = DecodedImage.of(last.upright())
    tensors = [pipeline.prepare(one, SPEC).astype(int) for one in (last, first)]
    assert np.abs(tensors[0] - tensors[1]).mean() < MEAN < pipeline.TOLERANCE
    small = [
        np.asarray(Image.open(io.BytesIO(pipeline.thumbnail(one)))).astype(int)
        for one in (last, first)
    ]
    assert np.abs(small[0] - small[1]).mean() < pipeline.TOLERANCE
