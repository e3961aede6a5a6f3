"""Pixels decide: what lacks its end alone is the same image, what lacks pixels is refused."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.images import encode, textured
from visionflow.errors import TruncatedImageError, UnreadableImageError
from visionflow.images import pipeline
from visionflow.images.containers import animations
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array

IMAGE = textured((63, 47))
EXIF = Image.Exif()
EXIF[0x0112] = 6


def pixels(data: bytes, spec: InputSpec | None = None) -> UInt8Array:
    return np.asarray(pipeline.decode(data, spec).upright())


def thumbnail_in_exif() -> bytes:
    """A whole JPEG, with its own end, inside the EXIF of another."""
    inner = encode(textured((16, 16)))
    return encode(IMAGE, exif=b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + inner)


JPEGS: dict[str, bytes] = {
    "plain": encode(IMAGE),
    "whole chroma": encode(IMAGE, subsampling=0),
    "grey": encode(IMAGE.convert("L")),
    "cmyk": encode(IMAGE.convert("CMYK")),
    "progressive": encode(IMAGE, progressive=True),
    "restarts": encode(IMAGE, restart_marker_blocks=2),
    "best": encode(IMAGE, quality=100, subsampling=0),
    "exif": encode(IMAGE, exif=EXIF),
    "thumbnail": thumbnail_in_exif(),
    "one colour": encode(Image.new("RGB", (63, 47), (128, 128, 128))),
}


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_without_its_end_marker_is_the_same_image(kind: str, missing: int) -> None:
    data = JPEGS[kind]
    np.testing.assert_array_equal(pixels(data[:-missing]), pixels(data))


@pytest.mark.parametrize("after", [b"", bytes(64), bytes(5000)], ids=len)
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_without_pixels_is_truncated(kind: str, after: bytes) -> None:
    """Also where a copy that stopped has left zeros behind. A few bytes less are a part of the last
    block, half of them many rows; a progressive one has all rows, in less detail."""
    data = JPEGS[kind]
    for missing in (3, 4, 5, 6, 8, 11, 16, 40):
        if kind == "one colour" and missing > 3:
            continue  # few bytes hold it all
        cut = data[:-missing]
        try:
            found = pixels(cut + after)
        except (TruncatedImageError, UnreadableImageError) as error:
            assert isinstance(error, TruncatedImageError)
        else:  # nothing but padding was missing
            np.testing.assert_array_equal(found, pixels(data))
    with pytest.raises(TruncatedImageError):
        pixels(data[: data.rindex(b"\xff\xda") + 16] + after)


RESTARTS = {
    "rows": encode(IMAGE, restart_marker_rows=1),
    "blocks": encode(IMAGE, restart_marker_blocks=1),
    "grey": encode(IMAGE.convert("L"), restart_marker_rows=1),
    "progressive": encode(IMAGE, progressive=True, restart_marker_rows=1),
}


@pytest.mark.parametrize("kind", RESTARTS)
def test_a_jpeg_that_ends_where_it_restarts_is_truncated(kind: str) -> None:
    """Before, within and behind each marker of the last scan: one interval is whole, and the next
    is missing."""
    data = RESTARTS[kind]
    scan = data.rindex(b"\xff\xda")
    markers = [scan + one.start() for one in re.finditer(rb"\xff[\xd0-\xd7]", data[scan:])]
    assert len(markers) >= 2
    for marker in markers:
        for end, after in itertools.product(range(marker - 1, marker + 4), (b"", bytes(64))):
            try:
                found = pixels(data[:end] + after)
            except TruncatedImageError:
                continue
            np.testing.assert_array_equal(found, pixels(data))
            assert kind == "progressive"  # whose last scan may not change a pixel
    np.testing.assert_array_equal(pixels(data[:-2]), pixels(data))


CUT = textured((203, 149))
CLOSED: dict[str, bytes] = {
    "plain": encode(CUT),
    "whole chroma": encode(CUT, subsampling=0),
    "grey": encode(CUT.convert("L")),
    "cmyk": encode(CUT.convert("CMYK")),
    "rows": encode(CUT, restart_marker_rows=1),
    "blocks": encode(CUT, restart_marker_blocks=3),
    "progressive": encode(CUT, progressive=True),
}


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("spec", [None, InputSpec(32, 32)], ids=["whole", "reduced"])
@pytest.mark.parametrize("kind", CLOSED)
def test_an_end_marker_behind_a_part_of_the_pixels_closes_nothing(
    kind: str, spec: InputSpec | None, share: float
) -> None:
    """Programs that mend files put one there; a decoder shows grey below."""
    data = CLOSED[kind]
    first = data.index(b"\xff\xda") + 20
    second = data.find(b"\xff\xc4", first)
    last = second if second > 0 else len(data)
    cut = data[: first + int((last - first) * share)].removesuffix(b"\xff")
    with pytest.raises(TruncatedImageError):
        pixels(cut + b"\xff\xd9", spec)


def test_an_image_that_is_grey_where_it_ends_is_whole() -> None:
    image = CUT.copy()
    image.paste((128, 128, 128), (0, 100, *CUT.size))
    for subsampling in (0, 2):
        data = encode(image, subsampling=subsampling)
        assert pixels(data)[-1, -1].tolist() == [128, 128, 128]
        assert pixels(data + bytes(64)).shape == (149, 203, 3)


def test_a_reduced_jpeg_is_judged_by_the_same_rule() -> None:
    data, spec = encode(textured((1200, 900))), InputSpec(32, 32)
    assert pipeline.decode(data, spec).reduction > 1
    np.testing.assert_array_equal(pixels(data[:-2], spec), pixels(data, spec))
    with pytest.raises(TruncatedImageError):
        pixels(data[:-400], spec)


def test_scans_that_are_missing_whole_are_missing_pixels() -> None:
    """A progressive JPEG that ends between two scans has all its rows, in less detail."""
    data = encode(IMAGE, progressive=True)
    for end in (data.rindex(b"\xff\xda"), data.rindex(b"\xff\xc4")):
        with pytest.raises(TruncatedImageError):
            pixels(data[:end])


def test_what_a_phone_appends_is_not_part_of_the_image() -> None:
    data = encode(IMAGE)
    for behind in (encode(textured((32, 32)))[:-2], b"\0\0\0\x18ftypmp42" + bytes(400)):
        np.testing.assert_array_equal(pixels(data + behind), pixels(data))


def bmp_row_padding() -> bytes:
    return encode(IMAGE, "BMP")  # 189 bytes a row, and 3 of padding


# What may be missing at the end of each format, in bytes, without a pixel being lost.
TRAILERS: dict[str, tuple[Callable[[], bytes], int]] = {
    "PNG": (lambda: encode(IMAGE, "PNG"), 12 + 4),  # IEND, and the checksum of the pixels
    "PNG, palette": (lambda: encode(IMAGE.quantize(16), "PNG"), 12 + 4),
    "GIF": (lambda: encode(IMAGE, "GIF"), 2),  # trailer and end of blocks
    "BMP": (bmp_row_padding, 3),
    "JPEG 2000": (lambda: encode(IMAGE, "JPEG2000"), 2),
    "JPEG 2000, stream": (lambda: encode(IMAGE, "JPEG2000", no_jp2=True), 2),
    "WebP, EXIF behind": (lambda: encode(IMAGE, "WEBP", exif=EXIF), 20),
    "TIFF": (lambda: encode(IMAGE, "TIFF"), 0),
    "TIFF, deflate": (lambda: encode(IMAGE, "TIFF", compression="tiff_adobe_deflate"), 0),
    "WebP": (lambda: encode(IMAGE, "WEBP"), 0),
    "HEIC": (lambda: encode(IMAGE, "HEIF"), 0),
    "AVIF": (lambda: encode(IMAGE, "AVIF"), 0),
}


@pytest.mark.parametrize("kind", TRAILERS)
def test_what_lacks_its_trailer_is_the_same_image(kind: str) -> None:
    make, trailer = TRAILERS[kind]
    data = make()
    for missing in range(1, trailer + 1):
        found = np.asarray(pipeline.decode(data[:-missing]).stored)
        np.testing.assert_array_equal(found, np.asarray(pipeline.decode(data).stored))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", TRAILERS)
def test_what_lacks_pixels_is_truncated(kind: str, share: float) -> None:
    make, trailer = TRAILERS[kind]
    data = make()
    end = min(int(len(data) * share), len(data) - trailer - 8)
    if kind == "WebP, EXIF behind":
        end = int(data.index(b"EXIF") * share)
    with pytest.raises(TruncatedImageError):
        pixels(data[:end])


def test_the_padding_of_a_webp_may_be_missing() -> None:
    sizes = ((width, 9) for width in range(5, 40))
    files = (encode(textured(size), "WEBP", lossless=True) for size in sizes)
    data = next(data for data in files if int.from_bytes(data[16:20], "little") % 2)
    np.testing.assert_array_equal(pixels(data[:-1]), pixels(data))


def test_a_large_webp_may_lack_its_metadata_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(IMAGE, "WEBP", lossless=True, exif=EXIF)
    monkeypatch.setattr(animations, "MOST_METADATA", 100)  # a file of 4 MB takes long to write
    np.testing.assert_array_equal(
        np.asarray(pipeline.decode(data[:-10]).stored), np.asarray(pipeline.decode(data).stored)
    )
