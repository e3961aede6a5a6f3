"""Of a progressive JPEG, only the scans that a reduced decoding shows are decoded."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images import encode, textured
from visionflow.errors import ImageError, TruncatedImageError
from visionflow.images import decoding, jpeg_scans, pipeline
from visionflow.images.containers import jpeg, unpack
from visionflow.images.containers.contents import Contents, Parts
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS

SPEC = InputSpec(32, 36)
SIZE = (1000, 840)
LEVELS = 0.6


def grainy() -> Image.Image:
    grain = np.random.default_rng(1).normal(0, 6, (SIZE[1], SIZE[0], 1))
    return Image.fromarray((np.asarray(textured(SIZE)) + grain).clip(0, 255).astype(np.uint8))


IMAGE = grainy()


def scans(data: bytes) -> list[tuple[int, int, int]]:
    """First coefficient, last, and the bits that were missing, of each scan."""
    segments = jpeg._segments(data, Parts(DEFAULT_LIMITS))
    return [(scan.first, scan.last, scan.high) for scan in jpeg_scans._read(data, segments)[1]]


def reduced(data: bytes, reduction: int) -> bytes:
    found = unpack(data, DEFAULT_LIMITS).reduced
    assert found is not None
    return found(reduction)


@pytest.mark.parametrize("quality", [40, 75, 92])
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"restart_marker_blocks": 40}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_tensor_is_that_of_all_scans(
    mode: str, options: dict[str, int], quality: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "THUMBNAIL_SIDE", 1)
    options = {} if mode == "L" and "subsampling" in options else options
    more: dict[str, Any] = {"quality": quality, "progressive": True, **options}
    data = encode(IMAGE.convert(mode), **more)
    image = pipeline.decode(data, SPEC)
    assert image.reduction == 8
    whole = pipeline.prepare(pipeline.decode(data), SPEC).astype(int)
    assert np.abs(pipeline.prepare(image, SPEC) - whole).mean() < LEVELS


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_what_is_left_out_is_most_of_a_good_file(reduction: int) -> None:
    data = encode(IMAGE, quality=95, progressive=True)
    kept = reduced(data, reduction)
    share = {2: 1, 4: 0.5, 8: 0.4}[reduction]
    assert len(kept) < share * len(data)
    # The means, and each coefficient's first bits, are never left out.
    assert [scan for scan in scans(data) if scan[0] == 0] == [s for s in scans(kept) if s[0] == 0]
    assert Image.open(io.BytesIO(kept)).size == IMAGE.size


def test_a_coarse_file_needs_its_last_bits() -> None:
    data = encode(IMAGE, quality=30, progressive=True)
    assert scans(reduced(data, 4)) == scans(data)
    assert len(scans(reduced(data, 8))) < len(scans(data))


def test_no_scan_is_kept_without_those_that_it_is_coded_behind() -> None:
    """One that refines coefficients which an earlier scan brought keeps that one."""
    data = encode(IMAGE, quality=30, progressive=True)
    for reduction in (2, 4, 8):
        known: dict[int, set[int]] = {}
        segments = jpeg._segments(kept := reduced(data, reduction), Parts(DEFAULT_LIMITS))
        for scan in jpeg_scans._read(kept, segments)[1]:
            for component in scan.components:
                seen = known.setdefault(component, set())
                assert not scan.high or scan.coefficients <= seen
                seen.update(scan.coefficients)


def test_serving_hands_libjpeg_no_more_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "THUMBNAIL_SIDE", 1)
    data = encode(IMAGE, quality=95, progressive=True)
    sizes = []
    opened = decoding.open_image

    def open_image(contents: Contents) -> Image.Image:
        sizes.append(len(contents.data))
        return opened(contents)

    monkeypatch.setattr(decoding, "open_image", open_image)
    pipeline.decode(data, SPEC)
    assert sizes[-1] < len(data) / 2
    sizes.clear()
    pipeline.decode(data)
    assert sizes == [len(unpack(data, DEFAULT_LIMITS).data)]


def test_only_a_whole_progressive_file_is_cut() -> None:
    data = encode(IMAGE, quality=90, progressive=True)
    assert unpack(encode(IMAGE), DEFAULT_LIMITS).reduced is None
    assert unpack(data[:-2], DEFAULT_LIMITS).reduced is None
    with pytest.raises(TruncatedImageError):
        pipeline.decode(data[: len(data) // 2], SPEC)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_headers_end_in_an_image_or_its_error(seed: int) -> None:
    data = bytearray(encode(textured((640, 600)), quality=90, progressive=True))
    draw = np.random.default_rng(seed)
    places = [match.start() for match in re.finditer(rb"\xff[\xda\xdb\xc2\xc4]", bytes(data))]
    for place in draw.choice(places, 3):
        data[place + int(draw.integers(2, 14))] = int(draw.integers(0, 256))
    try:
        unpacked = unpack(bytes(data), DEFAULT_LIMITS)
    except ImageError:
        return
    for reduction in (2, 4, 8):
        if unpacked.reduced:
            assert len(unpacked.reduced(reduction)) <= len(unpacked.data)


@pytest.mark.parametrize("seed", range(20))
def test_the_next_marker_is_the_one_that_the_expression_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    data = draw.choice([0xFF, 0, 1, 0xD0, 0xD7, 0xD8, 0xD9, 7], 400, p=[0.3, *[0.1] * 7])
    quiet = np.zeros(int(draw.integers(0, 3)) * jpeg._STRIDE + int(draw.integers(0, 9)), np.uint8)
    text = quiet.tobytes() + data.astype(np.uint8).tobytes()
    for start in (0, len(quiet), len(quiet) + 150, len(text) - 1, len(text)):
        found, expected = jpeg._next_marker(text, start), jpeg._MARKER.search(text, start)
        assert (found and found.span()) == (expected and expected.span())
