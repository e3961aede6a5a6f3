"""What reaches a decoder of a hostile file, and how quickly it is refused."""

import itertools
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.images import encode, plain, textured
from visionflow.errors import (
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
)
from visionflow.images import pipeline
from visionflow.images.containers import unpack
from visionflow.images.formats import ACCEPTED_FORMATS, format_of
from visionflow.images.limits import DEFAULT_LIMITS

SECONDS = 2.0
MEGABYTE = b"\xaa" * 1_000_000


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def tiff(*entries: tuple[int, int, int, int], body: bytes = b"") -> bytes:
    """A little-endian TIFF structure of (tag, kind, count, value or offset), then ``body``."""
    directory = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<LH", 8, len(entries)) + directory + bytes(4) + body


def in_jpeg(*segments: bytes) -> bytes:
    data = encode(textured())
    return data[:2] + b"".join(segments) + data[2:]


def in_png(*chunks: bytes) -> bytes:
    data = encode(textured(), "PNG")
    end_of_header = 8 + 25
    return data[:end_of_header] + b"".join(chunks) + data[end_of_header:]


def in_gif(*extensions: bytes) -> bytes:
    data = encode(plain(), "GIF")
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    return data[:at] + b"".join(extensions) + data[at:]


def pixels(data: bytes) -> bytes:
    return pipeline.decode(data).upright().tobytes()


@pytest.mark.parametrize("name", ACCEPTED_FORMATS)
def test_the_first_bytes_name_the_format(name: str) -> None:
    assert format_of(encode(textured(), name)) == name


# A directory whose 5,000 entries all point to the same megabyte: 5 GB for whoever reads them all.
TAG_BOMB = tiff(*((tag, 7, len(MEGABYTE), 60_014) for tag in range(5000)), body=MEGABYTE)
HUGE_TEXT = zlib.compress(bytes(200_000_000))


@pytest.mark.parametrize(
    ("hostile", "plain_one"),
    [
        (in_jpeg(*[segment(0xE1, b"Exif\0\0" + TAG_BOMB[:65_000])] * 60), encode(textured())),
        (in_jpeg(*[segment(0xFE, MEGABYTE[:65_000])] * 400), encode(textured())),
        (in_jpeg(segment(0xE2, b"MPF\0" + TAG_BOMB[:65_000])), encode(textured())),
        (in_png(chunk(b"eXIf", TAG_BOMB)), encode(textured(), "PNG")),
        (in_png(chunk(b"zTXt", b"k\0\0" + HUGE_TEXT)), encode(textured(), "PNG")),
        (in_png(chunk(b"iCCP", b"k\0\0" + HUGE_TEXT)), encode(textured(), "PNG")),
        (in_png(chunk(b"tEXt", b"k\0" + MEGABYTE * 20)), encode(textured(), "PNG")),
        (in_gif(b"\x21\xfe" + (b"\xff" + bytes(255)) * 60_000 + b"\0"), encode(plain(), "GIF")),
    ],
    ids=["exif", "comments", "mpf", "png-exif", "ztxt", "icc", "text", "gif-comment"],
)
def test_metadata_costs_nothing(hostile: bytes, plain_one: bytes) -> None:
    start = time.process_time()
    assert pixels(hostile) == pixels(plain_one)
    assert time.process_time() - start < SECONDS


def strips(kind: int, count: int) -> bytes:
    """A TIFF of 8 x 8 grey pixels whose pixels lie in ``count`` strips."""
    tags = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(kind, 3, count, 200), (278, 3, 1, 1), (279, 3, count, 200), (322, 3, 1, 1)]
    return tiff(*sorted([*tags, (323, 3, 1, 1)]), body=bytes(2 * count + 200))


@pytest.mark.parametrize(
    "data",
    [
        in_jpeg(segment(0xFE, b"") * 70_000),
        encode(textured())[:-2] + segment(0xFE, b"") * 70_000,
        in_png(chunk(b"IDAT", b"") * 70_000),
        in_gif(b"\x21\xfe" + b"\x01a" * 70_000 + b"\0"),
        in_gif(b"\x21\xfe\0" * 70_000),
        encode(plain(), "WEBP") + b"JUNK\0\0\0\0" * 70_000,
        strips(273, 5_000_000),
        strips(324, 5_000_000),
    ],
    ids=["jpeg", "jpeg-scan", "png", "gif-blocks", "gif-comments", "webp", "strips", "tiles"],
)
def test_too_many_parts_are_refused_at_once(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(ImageTooLargeError, match="at most 65,536"):
        pipeline.decode(data)
    assert time.process_time() - start < SECONDS


def big_gif_canvas() -> bytes:
    data = bytearray(encode(plain(), "GIF"))
    data[6:10] = b"\xff\xff\xff\xff"
    return bytes(data)


def big_webp_canvas() -> bytes:
    """An extended header that announces 16,384 x 16,384 pixels before the small frame."""
    frame = encode(plain(), "WEBP")[12:]
    header = b"VP8X" + struct.pack("<L", 10) + bytes(4) + b"\xff\x3f\0\xff\x3f\0"
    body = b"WEBP" + header + frame
    return b"RIFF" + struct.pack("<L", len(body)) + body


def big_tiff() -> bytes:
    tags = [(256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (259, 3, 1, 1)]
    return tiff(*tags, (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 9))


@pytest.mark.parametrize("make", [big_gif_canvas, big_tiff])
def test_a_huge_canvas_is_refused_by_its_header(make: Callable[[], bytes]) -> None:
    with pytest.raises(ImageTooLargeError, match="pixels"):
        pipeline.decode(make())


@pytest.mark.parametrize("announced", [(64, 64), (4000, 1000)])
def test_a_heic_of_another_size_than_its_container_says_is_refused(
    announced: tuple[int, int],
) -> None:
    """The check of what an image costs trusts the container; libheif decodes no larger one."""
    data = bytearray(encode(plain("red", (1024, 512)), "HEIF", quality=10))
    at = data.index(b"ispe") + 8
    assert struct.unpack_from(">II", data, at) == (1024, 512)
    struct.pack_into(">II", data, at, *announced)
    with pytest.raises(ImageError):
        pipeline.decode(bytes(data))


def test_a_webp_whose_canvas_is_not_its_frame_is_refused() -> None:
    with pytest.raises(ImageError):
        pipeline.decode(big_webp_canvas())


def test_only_the_first_page_of_a_tiff_is_looked_at() -> None:
    first, second = plain("red"), plain("blue", (1000, 1000))
    data = encode(first, "TIFF", save_all=True, append_images=[second])
    assert pixels(data) == first.tobytes()
    assert len(unpack(data, DEFAULT_LIMITS).data) < len(data) + 400


TIFF_KINDS = [
    *itertools.product(
        ("RGB", "L", "CMYK", "1", "I;16"), ("raw", "tiff_lzw", "tiff_adobe_deflate")
    ),
    *itertools.product(("RGB", "L", "CMYK"), ("jpeg",)),
]


@pytest.mark.parametrize(("mode", "compression"), TIFF_KINDS)
def test_a_tiff_of_any_kind_survives_the_loss_of_its_metadata(mode: str, compression: str) -> None:
    image = textured().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257).convert("I;16")
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encode(image, "TIFF", compression=compression, description="x" * 5000)
    turned = encode(image, "TIFF", compression=compression, exif=exif)
    upright = pipeline.decode(data).upright()
    assert upright.size == image.size
    turned_back = upright.transpose(Image.Transpose.ROTATE_180)
    assert pipeline.decode(turned).upright().tobytes() == turned_back.tobytes()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_survives_the_loss_of_the_metadata(file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(textured(), file_format, exif=exif)
    contents = unpack(data, DEFAULT_LIMITS)
    assert contents.orientation == 6
    assert pipeline.decode(data).size == (48, 64)
    if file_format != "WEBP":
        assert b"MM\0*" not in contents.data
        assert b"II*\0" not in contents.data


@pytest.mark.parametrize(
    "exif",
    [b"", b"MM\0*", b"MM\0*\0\0\0\x08", b"II*\0\xff\xff\xff\xff", tiff((0x0112, 3, 9, 6))],
)
def test_a_damaged_exif_block_leaves_the_image_as_it_lies(exif: bytes) -> None:
    data = in_jpeg(segment(0xE1, b"Exif\0\0" + exif))
    assert unpack(data, DEFAULT_LIMITS).orientation == 1
    assert pipeline.decode(data).size == (64, 48)


def test_the_colours_of_an_adobe_jpeg_stay() -> None:
    """Only the segment Adobe tells that CMYK is stored inverted."""
    white = encode(plain("white").convert("CMYK"))
    assert b"Adobe" in unpack(white, DEFAULT_LIMITS).data
    assert min(pixels(white)) >= 253


def scans(data: bytes) -> int:
    return unpack(data, DEFAULT_LIMITS).scans


def test_only_the_image_s_own_scans_count() -> None:
    """Neither those of the thumbnail in its EXIF nor what a phone appends behind the image."""
    scan = b"\xff\xda"
    assert scans(encode(textured())) == 1
    assert scans(encode(textured(), exif=b"Exif\x00\x00" + scan * 500)) == 1
    assert scans(encode(textured()) + scan * 500) == 1
    assert 5 < scans(encode(textured(), progressive=True)) < 15


@pytest.mark.parametrize("end", [10, 13, 20])
def test_a_gif_that_ends_before_its_image_is_truncated(end: int) -> None:
    with pytest.raises(TruncatedImageError):
        pipeline.decode(encode(plain(), "GIF")[:end])


def gif_frame_over_its_canvas() -> bytes:
    """A canvas of one pixel, and a frame of 65,535 x 65,535 that reaches over it."""
    data = bytearray(encode(plain(), "GIF"))
    data[6:10] = b"\1\0\1\0"
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    data[at + 5 : at + 9] = b"\xff" * 4
    return bytes(data)


def gif_frame_far_away() -> bytes:
    data = bytearray(encode(plain(), "GIF"))
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    data[at + 1 : at + 5] = b"\xff" * 4
    return bytes(data)


def webp_animation(canvas: int) -> bytes:
    """One frame of 40 x 30 pixels on a canvas of ``canvas`` x ``canvas``."""
    data = bytearray(
        encode(plain(), "WEBP", save_all=True, append_images=[plain("blue")], lossless=True)
    )
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (canvas - 1).to_bytes(3, "little") * 2
    return bytes(data)


def two_headers() -> bytes:
    """A PNG that ends in a second header, of a size that is not accepted."""
    huge = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return in_png(huge)


@pytest.mark.parametrize(
    "make",
    [gif_frame_over_its_canvas, gif_frame_far_away, lambda: webp_animation(1 << 24)],
    ids=["gif-frame", "gif-offset", "webp-canvas"],
)
def test_a_frame_or_canvas_that_is_too_large_is_refused(make: Callable[[], bytes]) -> None:
    data = make()
    start = time.process_time()
    with pytest.raises(ImageTooLargeError, match="pixels"):
        pipeline.decode(data)
    assert time.process_time() - start < SECONDS


def test_a_frame_of_a_webp_may_be_smaller_than_its_canvas() -> None:
    assert pipeline.decode(webp_animation(100)).size == (100, 100)


def test_only_the_first_header_of_a_png_counts() -> None:
    assert pixels(two_headers()) == textured().tobytes()
    palette = encode(plain("red").convert("P"), "PNG")
    end = 8 + 25
    again = palette[:end] + chunk(b"PLTE", bytes(768))
    assert pixels(again + palette[end:]) != pixels(palette)
    last = palette.index(b"IDAT") - 4
    assert pixels(palette[:last] + chunk(b"PLTE", bytes(768)) + palette[last:]) == pixels(palette)


def test_a_scan_with_arithmetic_coding_counts_for_more() -> None:
    data = bytearray(encode(textured()))
    data[data.index(b"\xff\xc0") + 1] = 0xC9
    assert scans(bytes(data)) == 20


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bmp_of_any_depth_decodes(mode: str) -> None:
    assert (
        pixels(encode(textured().convert(mode), "BMP"))
        == textured().convert(mode).convert("RGB").tobytes()
    )


@pytest.mark.parametrize("blue", [1, 2])
def test_the_colours_of_an_old_bmp_are_not_taken_for_its_compression(blue: int) -> None:
    """OS/2 wrote 12 bytes of header, and no compression: where others have it, its colours are."""
    header = struct.pack("<LHHHH", 12, 1, 1, 1, 8)
    palette = bytes([0, 0, 0, 0, blue, 9]) + bytes(3 * 254)
    start = 14 + len(header) + len(palette)
    body = header + palette + b"\1\0\0\0"
    data = b"BM" + struct.pack("<LHHL", 14 + len(body), 0, 0, start) + body
    assert data[30] == blue
    assert pixels(data) == bytes([9, blue, 0])


def test_a_bmp_with_a_bottom_row_first_or_last_has_its_size() -> None:
    data = bytearray(encode(textured(), "BMP"))
    data[22:26] = struct.pack("<i", -48)
    assert pipeline.decode(bytes(data)).size == (64, 48)
    data[22:26] = struct.pack("<i", -(2**31))
    with pytest.raises(ImageError):
        pipeline.decode(bytes(data))
