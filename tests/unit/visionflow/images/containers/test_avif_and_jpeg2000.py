"""AVIF and JPEG 2000: their headers say what decoding takes, and what they say holds."""

import struct
from typing import Any

import numpy as np
import pytest

from tests.images import encode, plain, textured
from visionflow.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from visionflow.images import decoding, pipeline
from visionflow.images.containers import av1, unpack
from visionflow.images.limits import DEFAULT_LIMITS, ImageLimits


def avif(size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    return encode(textured(size).convert(mode), "AVIF", quality=60, speed=10, **options)


def announced(data: bytes, width: int, height: int) -> bytes:
    """The same file with another size in its container."""
    made = bytearray(data)
    at = made.index(b"ispe") + 8
    made[at : at + 8] = struct.pack(">LL", width, height)
    return bytes(made)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"subsampling": "4:4:4"}, {"range": "limited"}])
def test_an_avif_of_any_kind_decodes(mode: str, options: dict[str, Any]) -> None:
    found = pipeline.decode(avif(mode=mode, **options))
    expected = np.asarray(textured().convert(mode).convert("RGB")).astype(int)
    assert np.abs(np.asarray(found.upright()) - expected).mean() < 12


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (700, 3), (2049, 1025)])
def test_a_stream_says_its_size(size: tuple[int, int]) -> None:
    data = encode(plain(size=size), "AVIF", speed=10)
    stream = data[data.index(b"mdat") + 4 :]
    assert av1.largest_frame(stream) == size


@pytest.mark.parametrize("stream", [b"", b"\x0a", b"\x0a\xff\xff\xff", b"\x0a\x01\xff", bytes(99)])
def test_a_stream_that_cannot_be_read_says_nothing(stream: bytes) -> None:
    assert av1.largest_frame(stream) == (0, 0)


def test_a_stream_that_is_larger_than_its_container_says_is_refused() -> None:
    """libavif would decode all of it and then scale it down."""
    with pytest.raises(UnreadableImageError, match="its stream 1024 x 512"):
        pipeline.decode(announced(avif((1024, 512)), 64, 48))


def stored(data: bytes, *, first: int | None, inside: bool) -> bytes:
    """An AVIF of one item whose stream is in two pieces, the first of ``first`` bytes, or in one,
    in the file or inside its description (idat)."""
    at = data.index(b"iloc")
    (size,) = struct.unpack_from(">L", data, at - 4)
    number = data[at + 12 : at + 14]
    offset, length = struct.unpack_from(">LL", data, at + size - 12)
    stream = data[offset : offset + length]
    sizes = [len(stream)] if first is None else [first, len(stream) - first]
    whole = b"\1\0\0\0\x44\0\0\1" + number + struct.pack(">HHH", inside, 0, len(sizes))
    grown = 8 + len(whole) + 8 * len(sizes) - size
    place = 0 if inside else offset + grown
    for piece in sizes:
        whole += struct.pack(">LL", place, piece)
        place += piece
    located = struct.pack(">L4s", 8 + len(whole), b"iloc") + whole
    if inside:
        located += struct.pack(">L4s", 8 + len(stream), b"idat") + stream
        grown += 8 + len(stream)
    meta = data.index(b"meta") - 4
    (described,) = struct.unpack_from(">L", data, meta)
    return (
        data[:meta]
        + struct.pack(">L", described + grown)
        + data[meta + 4 : at - 4]
        + located
        + data[at - 4 + size :]
    )


PLACES = [(None, False), (1, False), (30, False), (None, True), (1, True)]


@pytest.mark.parametrize(("first", "inside"), PLACES)
def test_a_stream_is_looked_into_wherever_it_is(first: int | None, inside: bool) -> None:
    honest, large = avif(), announced(avif((1024, 512)), 64, 48)
    found = pipeline.decode(stored(honest, first=first, inside=inside))
    np.testing.assert_array_equal(
        np.asarray(found.upright()), np.asarray(pipeline.decode(honest).upright())
    )
    with pytest.raises(UnreadableImageError, match="its stream 1024 x 512"):
        pipeline.decode(stored(large, first=first, inside=inside))


def test_an_avif_whose_stream_says_no_size_is_refused() -> None:
    data = bytearray(avif())
    at = data.index(b"mdat") + 4
    assert data[at : at + 3] == b"\x12\0\x0a"
    data[at + 2] = 0x7A  # padding instead of the sequence header
    with pytest.raises(UnreadableImageError, match="does not say how large"):
        pipeline.decode(bytes(data))


def test_a_size_behind_many_units_counts() -> None:
    def stream(size: tuple[int, int]) -> bytes:
        data = encode(plain(size=size), "AVIF", speed=10)
        return data[data.index(b"mdat") + 4 :]

    padding = b"\x7a\0"
    assert av1.largest_frame(stream((8, 90)) + padding * 100 + stream((70, 9))) == (70, 90)
    assert av1.largest_frame(stream((8, 8)) + padding * 5000 + stream((99, 99))) == (0, 0)


def test_a_huge_avif_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLargeError, match="pixels"):
        pipeline.decode(announced(avif(), 30_000, 30_000))


def test_a_sequence_shows_its_first_frame() -> None:
    more = [plain("blue", (64, 48))]
    data = avif(save_all=True, append_images=more)
    assert data[8:12] == b"avis"
    first = np.asarray(pipeline.decode(avif()).upright()).astype(int)
    assert np.abs(np.asarray(pipeline.decode(data).upright()) - first).mean() < 6


def test_metadata_of_an_avif_reaches_nobody() -> None:
    data = avif(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0", xmp=b"<x/>")
    found = unpack(data, DEFAULT_LIMITS).data
    assert b"Exif\0" in data
    assert b"infe\2\0\0\0\0\2\0\0Exif" not in found
    image = decoding.open_image(unpack(data, DEFAULT_LIMITS))
    assert "exif" not in image.info
    assert "xmp" not in image.info


def jp2(size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    return encode(textured(size).convert(mode), "JPEG2000", **options)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("no_jp2", [False, True])
def test_a_jpeg_2000_of_any_kind_decodes(mode: str, no_jp2: bool) -> None:
    image = textured().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257).convert("I;16")
    found = pipeline.decode(encode(image, "JPEG2000", no_jp2=no_jp2)).upright()
    grey = mode in ("L", "LA", "I;16")
    expected = textured().convert("L").convert("RGB") if grey else textured()
    assert np.abs(np.asarray(found).astype(int) - np.asarray(expected)).max() <= 1


def test_a_dark_jpeg_2000_of_16_bits_stays_dark() -> None:
    image = textured().convert("I").point(lambda value: value * 10).convert("I;16")
    assert np.asarray(pipeline.decode(encode(image, "JPEG2000")).upright()).max() <= 10


@pytest.mark.parametrize(
    "options",
    [
        {"tile_size": (32, 32)},
        {"num_resolutions": 3},
        {"quality_layers": [40, 20, 5], "irreversible": True},
        {"codeblock_size": (16, 16), "precinct_size": (64, 64)},
        {"progression": "CPRL"},
    ],
)
def test_what_an_encoder_can_be_asked_for_decodes(options: dict[str, Any]) -> None:
    assert pipeline.decode(jp2((200, 150), **options)).size == (200, 150)


def stream_with(at: int, changed: bytes, data: bytes | None = None) -> bytes:
    """A stream whose header is changed from byte ``at`` of its size segment on."""
    made = bytearray(data or jp2(no_jp2=True))
    made[at : at + len(changed)] = changed
    return bytes(made)


@pytest.mark.parametrize(
    ("at", "changed", "error", "text"),
    [
        (8, struct.pack(">LL", 60_000, 60_000), ImageTooLargeError, "60000 x 60000 pixels"),
        (24, struct.pack(">LL", 0, 0), UnreadableImageError, "no pixels"),
        (40, struct.pack(">H", 60), UnreadableImageError, "60 components"),
        (42, b"\x25", UnreadableImageError, "more than 16 bits"),
        (43, b"\0", UnreadableImageError, "16 bits"),
    ],
)
def test_a_jpeg_2000_is_refused_by_its_size(
    at: int, changed: bytes, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        pipeline.decode(stream_with(at, changed))


def test_many_tiles_or_blocks_are_refused_by_the_header() -> None:
    sizes = struct.pack(">LLLLLL", 4000, 4000, 0, 0, 8, 8)
    with pytest.raises(ImageTooLargeError, match="250,000 tiles"):
        pipeline.decode(stream_with(8, sizes))
    whole = stream_with(8, struct.pack(">LLLLLL", 4000, 4000, 0, 0, 4000, 4000))
    at = whole.index(b"\xff\x52")
    small = bytearray(whole)
    small[at + 10 : at + 12] = b"\0\0"  # code blocks of 4 x 4
    with pytest.raises(ImageTooLargeError, match="blocks"):
        pipeline.decode(bytes(small))


def with_segment(name: str, content: bytes, *, of_tile: bool) -> bytes:
    """A stream with one segment more, in front of the first tile or of its data."""
    data, segment = jp2(no_jp2=True), bytes.fromhex(name)
    segment += struct.pack(">H", 2 + len(content)) + content
    tile = data.index(b"\xff\x90\0\x0a")
    if not of_tile:
        return data[:tile] + segment + data[tile:]
    (length,) = struct.unpack_from(">L", data, tile + 6)
    at = data.index(b"\xff\x93", tile)
    length = struct.pack(">L", length + len(segment))
    return data[: tile + 6] + length + data[tile + 10 : at] + segment + data[at:]


# Precincts of one pixel: each takes far more memory than its pixel.
SMALLEST = b"\1\0\0\1\0\0\0\0\0\1\0"


@pytest.mark.parametrize(
    ("name", "content", "of_tile"),
    [
        ("ff52", SMALLEST, True),
        ("ff53", b"\0\1\0\0\0\0\1\0", True),
        ("ff53", b"\0\1\0\0\0\0\1\0", False),
        # OpenJPEG looks for segments within one that it doesn't know.
        ("ff77", b"\xff\x52\0\x0d" + SMALLEST, False),
        ("ff77", b"\xff\x52\0\x0d" + SMALLEST, True),
    ],
)
def test_coding_styles_that_are_not_counted_are_refused(
    name: str, content: bytes, of_tile: bool
) -> None:
    with pytest.raises(UnreadableImageError, match=r"different ways|unknown kind"):
        pipeline.decode(with_segment(name, content, of_tile=of_tile))


@pytest.mark.parametrize("of_tile", [False, True])
def test_a_comment_in_a_jpeg_2000_is_accepted(of_tile: bool) -> None:
    assert pipeline.decode(with_segment("ff64", b"\0\1text", of_tile=of_tile)).size == (64, 48)


def test_a_large_jpeg_2000_is_refused_because_of_its_time() -> None:
    small = ImageLimits(max_scanned=64 * 48 * 60 - 1)
    assert pipeline.decode(jp2()).size == (64, 48)
    with pytest.raises(ImageTooLargeError, match="64 x 48 pixels"):
        pipeline.decode(jp2(), limits=small)


@pytest.mark.parametrize("end", [20, 60, 100, 130])
def test_a_jpeg_2000_that_ends_in_its_headers_is_truncated(end: int) -> None:
    with pytest.raises(TruncatedImageError):
        pipeline.decode(jp2()[:end])
