"""TIFFs whose strips or tiles cost more than their image, and honest ones of every layout."""

import contextlib
import io
import itertools
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests import tiffs
from tests.images import encode, plain, textured
from tests.tiffs import Pixels, Tags, described, layout
from visionflow.errors import (
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.images import pipeline
from visionflow.images.containers import unpack
from visionflow.images.limits import DEFAULT_LIMITS

SECONDS = 0.5
RGB = np.asarray(textured((300, 200)))
GREY = np.asarray(textured((300, 200)).convert("L"))


def decoded(data: bytes) -> Pixels:
    return np.asarray(pipeline.decode(data).upright())


LAYOUTS = [
    {},
    {"rows": 1},
    {"rows": 7},
    {"rows": 4_294_967_295},
    {"tile": (64, 64)},
    {"tile": (256, 256)},
    {"tile": (1024, 512)},
    {"tile": (16, 16)},
]


@pytest.mark.parametrize(("pieces", "compression"), [*itertools.product(LAYOUTS, (1, 8))])
@pytest.mark.parametrize("planar", [False, True])
def test_a_tiff_of_any_layout_decodes(
    pieces: dict[str, int], compression: int, planar: bool
) -> None:
    if pieces.get("rows") == 4_294_967_295 and planar:
        pieces = {}
    data = tiffs.tiff(RGB, **pieces, compression=compression, planar=planar)  # type: ignore[arg-type]
    np.testing.assert_array_equal(decoded(data), RGB)


@pytest.mark.parametrize("pieces", LAYOUTS)
def test_a_grey_tiff_of_sixteen_bits_decodes(pieces: dict[str, int]) -> None:
    data = tiffs.tiff(GREY.astype(np.uint16) * 257, **pieces)  # type: ignore[arg-type]
    np.testing.assert_array_equal(decoded(data)[..., 0], GREY)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK", "I;16", "F"])
@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"]
)
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (3, 700), (2000, 3)])
def test_what_libtiff_writes_is_accepted(
    mode: str, compression: str, size: tuple[int, int]
) -> None:
    image = textured(size).convert("L" if mode in ("I;16", "F") else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    if mode == "F":
        image = Image.fromarray(np.asarray(image).astype(np.float32) / 255)
    data = encode(image, "TIFF", compression=compression)
    assert pipeline.decode(data).size == size
    unpack(data, DEFAULT_LIMITS)


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4"])
def test_a_fax_is_accepted(compression: str) -> None:
    data = encode(textured().convert("1"), "TIFF", compression=compression)
    assert pipeline.decode(data).size == (64, 48)


def test_a_large_tiff_of_one_strip_is_accepted() -> None:
    image = plain("red", (3000, 2000))
    for options in ({"strip_size": 1 << 30}, {}):
        data = encode(image, "TIFF", compression="tiff_lzw", **options)
        assert pipeline.decode(data).size == (3000, 2000)


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """The first directory of a little-endian file with another ``value``."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, at)[0] == tag:
            struct.pack_into("<L", changed, at + 8, value)
            return bytes(changed)
    raise KeyError(tag)


def too_many_tiles() -> bytes:
    tile = tiffs.tiff(GREY[:16, :16], tile=(16, 16))
    tags = layout(described(16, 16), [8] * 5000, [len(tile)] * 5000, (16, 16), tiled=True)
    return tags.file(tile)


def many_small_tiles() -> bytes:
    tags = layout(described(8000, 8000), [8], [100], (16, 16), tiled=True)
    return tags.file(bytes(100))


def in_strips_and_tiles() -> bytes:
    tags = layout(described(64, 64), [8], [100], (64, 64), tiled=True)
    return Tags(tags.values | {273: (4, [8]), 278: (4, [64])}).file(bytes(100))


def without_sizes() -> bytes:
    tags = layout(described(64, 64), [8] * 64, [], (64, 1), tiled=False)
    return Tags({tag: value for tag, value in tags.values.items() if tag != 279}).file(bytes(100))


def planes(count: int) -> bytes:
    tags = layout(described(64, 64, 3, planar=True), [8] * 3, [90] * 3, (64, 64), tiled=False)
    return Tags(tags.values | {277: (3, [count])}).file(bytes(300))


@pytest.mark.parametrize(
    ("make", "error", "reason"),
    [
        (tiffs.one_huge_tile, ImageTooLargeError, "tiles of 20480 x 20480"),
        (lambda: tiffs.one_huge_tile(26_500), ImageTooLargeError, "much larger than the image"),
        (lambda: tiffs.shared_tile(32), ImageTooLargeError, "tiles of 4096 x 4096"),
        (lambda: tiffs.shared_tile(3000), ImageTooLargeError, "tiles of 4096 x 4096"),
        (lambda: tiffs.shared_tile(300, 256), ImageTooLargeError, "tiles of 256 x 256"),
        (lambda: tiffs.shared_strips(4000, 4000, 1), UnreadableImageError, "bytes in all"),
        (lambda: tiffs.shared_strips(64, 64, 1), UnreadableImageError, "bytes in all"),
        (too_many_tiles, UnreadableImageError, "5,000 strips or tiles, and its size needs 1"),
        (many_small_tiles, ImageTooLargeError, "at most 65,536"),
        (in_strips_and_tiles, UnreadableImageError, "in strips and in tiles"),
        (without_sizes, UnreadableImageError, "how large its strips"),
        (lambda: planes(60_000), TruncatedImageError, "ends before"),
        (lambda: planes(1), UnreadableImageError, "3 strips or tiles, and its size needs 1"),
        (lambda: with_tag(tiffs.tiff(GREY), 279, 1 << 31), UnreadableImageError, "2,147,483,648"),
        (lambda: with_tag(tiffs.tiff(GREY), 278, 0), UnreadableImageError, "without pixels"),
        (lambda: with_tag(tiffs.tiff(GREY), 256, 0), UnreadableImageError, "how large"),
        (lambda: with_tag(tiffs.tiff(GREY), 259, 6), UnreadableImageError, "old-style JPEG"),
    ],
)
def test_a_costly_layout_is_refused_before_it_is_decoded(
    make: Callable[[], bytes], error: type[ImageError], reason: str
) -> None:
    data = make()
    start = time.process_time()
    with pytest.raises(error, match=reason):
        pipeline.decode(data)
    assert time.process_time() - start < SECONDS


def progressive_strip(scans: int) -> bytes:
    """A TIFF of one strip, a progressive JPEG whose last scan is repeated."""
    jpeg = encode(textured((2000, 1500)), progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    strip = jpeg[:last] + jpeg[last:-2] * scans + jpeg[-2:]
    tags = layout(
        described(2000, 1500, 3, compression=7), [8], [len(strip)], (2000, 1500), tiled=False
    )
    return Tags(tags.values | {262: (3, [6]), 530: (3, [2, 2])}).file(strip)


def test_the_scans_of_a_jpeg_in_a_tiff_are_counted() -> None:
    assert unpack(progressive_strip(5), DEFAULT_LIMITS).scans > 10
    start = time.process_time()
    with pytest.raises(ImageTooLargeError, match=r"The TIFF has .* scans"):
        pipeline.decode(progressive_strip(600))
    assert time.process_time() - start < SECONDS


def test_a_deep_image_in_one_strip_counts_what_its_strip_takes() -> None:
    tags = layout(described(8000, 8000, 3, 16), [8], [100], (8000, 8000), tiled=False)
    with pytest.raises(ImageTooLargeError, match="MB of memory"):
        pipeline.decode(tags.file(bytes(100)))


def test_only_whole_numbers_describe_a_layout() -> None:
    data = bytearray(tiffs.tiff(GREY))
    (start,) = struct.unpack_from("<L", data, 4)
    at = data.index(struct.pack("<HH", 278, 4), start)
    struct.pack_into("<H", data, at + 2, 5)
    with pytest.raises(UnreadableImageError, match="whole numbers"):
        pipeline.decode(bytes(data))


def test_pillow_reads_what_these_tests_write() -> None:
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(tiffs.tiff(RGB)))), RGB)


def big_tiff(changed: dict[int, tuple[int, int, int]]) -> bytes:
    """A grey BigTIFF of 16 x 16 pixels with some tags (kind, count, value) of its own."""
    pixels = 16 + 8 + 20 * 12
    tags = {
        **{256: (3, 1, 16), 257: (3, 1, 16), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)},
        **{273: (16, 1, pixels), 277: (3, 1, 1), 278: (3, 1, 16), 279: (16, 1, 256)},
        **changed,
    }
    rows = b"".join(struct.pack("<HHQQ", tag, *tags[tag]) for tag in sorted(tags))
    head = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(tags)) + rows
    return head.ljust(pixels, b"\0") + bytes(256)


PLACES = (0, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
TAGS = (254, 256, 258, 266, 271, 273, 279, 280, 281, 317, 325, 338, 341, 347, 700, 34675)


@pytest.mark.parametrize("kind", [1, 3, 4, 12, 16])
@pytest.mark.parametrize("count", [1, 3, 65, 2**32, 2**64 - 1])
def test_no_place_in_a_big_tiff_breaks_the_reader(kind: int, count: int) -> None:
    assert pipeline.decode(big_tiff({})).size == (16, 16)
    for tag, place in itertools.product(TAGS, PLACES):
        with contextlib.suppress(ImageError):
            pipeline.decode(big_tiff({tag: (kind, count, place)}))


def test_a_place_behind_any_end_is_truncated() -> None:
    with pytest.raises(TruncatedImageError):
        pipeline.decode(big_tiff({273: (16, 2, 2**64 - 1)}))
