"""The one table: what is accepted under which names, and what other files are called."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.images import encode, plain, textured
from tests.tiffs import Tags, described, layout
from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.images import formats, pipeline
from visionflow.images.containers import tiff_tags
from visionflow.images.formats import ACCEPTED, begins_as_image, format_of, media_type, suffix_of
from visionflow.jobs.layout import is_image_name


@pytest.mark.parametrize("one", ACCEPTED, ids=lambda one: one.name)
def test_what_is_accepted_is_recognised_named_and_decoded(one: formats.Format) -> None:
    data = encode(textured(), one.name)
    assert format_of(data) == one.name
    assert media_type(data) == one.types[0]
    assert suffix_of(data) == one.suffixes[0]
    assert pipeline.decode(data).size == (64, 48)
    assert all(is_image_name(f"photo{suffix.upper()}") for suffix in one.suffixes)


@pytest.mark.parametrize("one", ACCEPTED, ids=lambda one: one.name)
def test_an_image_is_known_by_its_first_bytes(one: formats.Format) -> None:
    assert begins_as_image(encode(textured(), one.name)[:64])


@pytest.mark.parametrize("size", [12, 40, 124])
def test_a_bmp_is_known_by_the_size_of_its_header(size: int) -> None:
    assert begins_as_image(b"BM" + bytes(12) + struct.pack("<L", size) + bytes(46))


@pytest.mark.parametrize(
    "start",
    [
        *(b"", b"BM", b"BMW,12\n" * 20, b"BM\n", b"BM" + bytes(62)),
        *(b"%PDF-1.7", b"PK\3\4", b"label,image\n", b"GIF", bytes(64)),
    ],
)
def test_what_only_looks_like_an_image_does_not_begin_as_one(start: bytes) -> None:
    assert not begins_as_image(start)


def test_no_name_is_given_twice() -> None:
    for names in ([s for one in ACCEPTED for s in one.suffixes], [*formats.BY_NAME]):
        assert len(names) == len(set(names))


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


def raw(tag: int, maker: bytes = b"") -> bytes:
    """A TIFF as a camera writes it: a small preview first, the sensor's data behind a tag."""
    values = {**described(8, 8, compression=1).values, 254: (4, [1]), tag: (4, [1])}
    data = layout(Tags(values), [8], [64], (8, 8), tiled=False).file(bytes(64) + maker)
    if not maker:
        return data
    at = data.index(maker)
    (start,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    entry = struct.pack("<HHLL", 271, 2, len(maker), at)
    rows = data[start + 2 : start + 2 + 12 * count]
    return data[:start] + struct.pack("<H", count + 1) + entry + rows + bytes(4)


OTHERS: dict[str, bytes] = {
    "JPEG XL": b"\xff\x0a" + bytes(range(40)),
    "JPEG XL,": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20),
    "JPEG XR": b"II\xbc\x01" + bytes(20),
    "PSD": b"8BPS\0\1" + bytes(30),
    "OpenEXR": b"v/1\x01" + bytes(30),
    "Radiance HDR": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n",
    "ICO": encode(plain(size=(32, 32)), "ICO"),
    "PDF": encode(plain(), "PDF"),
    "EPS": encode(plain(), "EPS"),
    "PPM": encode(plain(), "PPM"),
    "PCX": encode(plain(), "PCX"),
    "DDS": encode(plain(), "DDS"),
    "SGI": encode(plain(), "SGI"),
    "TGA": encode(plain(), "TGA") + bytes(8) + b"TRUEVISION-XFILE.\0",
    "QOI": b"qoif" + bytes(30),
    "CR2": b"II*\0\x10\0\0\0CR\2\0" + raw(256)[12:],
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "RAF": b"FUJIFILMCCD-RAW 0201",
    "RW2": b"II\x55\0\x18\0\0\0" + bytes(30),
    "ORF": b"IIRO\x08\0\0\0" + bytes(30),
    "DNG": raw(50_706),
    "NEF": raw(330, b"NIKON CORPORATION\0"),
    "ARW": raw(330, b"SONY\0"),
    "DICOM": bytes(128) + b"DICM" + bytes(30),
    "FITS": b"SIMPLE  =                    T" + b" " * 50,
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(30),
    "NumPy": b"\x93NUMPY\x01\x00" + bytes(30),
    "ZIP": zipped(),
    "gzip": b"\x1f\x8b\x08" + bytes(30),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
    "RAR": b"Rar!\x1a\x07\x01\x00",
    "MP4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "MOV": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
    "video": b"RIFF\x10\0\0\0AVI LIST",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "SVG,": b'<?xml version="1.0"?>\n<!-- a -->\n<svg width="9"></svg>',
    "HTML": b"\n<!DOCTYPE html><html><body>404</body></html>",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    "data URL": b"data:image/png;base64,iVBORw0KGgo=",
    "base64": b"/9j/4AAQSkZJRgABAQAAAQABAAD/",
    "text": "그냥 글자입니다\n".encode(),
    "text,": b"just a few words",
    "text,,": "words".encode("utf-16"),
    "zeros": bytes(5000),
    "unknown kind": bytes([7, 1, 250, 3] * 20),
    "damaged JPEG": b"\xff\xd8\x00\x01" + bytes(20),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_refused_is_called_by_its_name(name: str) -> None:
    with pytest.raises(UnreadableImageError) as raised:
        pipeline.decode(OTHERS[name])
    message = str(raised.value)
    assert message.startswith("This is ")
    assert name.strip(",") in message.partition("; send")[0]
    assert message.endswith("send JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 instead.")


def test_nothing_is_empty() -> None:
    with pytest.raises(EmptyImageError):
        pipeline.decode(b"")


@pytest.mark.parametrize("brands", [b"mif1avifmiaf", b"avifmif1miaf", b"avisavifmsf1"])
def test_an_avif_is_known_by_any_of_its_brands(brands: bytes) -> None:
    assert format_of(b"\0\0\0\x1cftyp" + brands[:4] + bytes(4) + brands) == "AVIF"
    heic = brands.replace(b"avif", b"heic").replace(b"avis", b"hevc")
    assert format_of(b"\0\0\0\x1cftyp" + heic[:4] + bytes(4) + heic) == "HEIF"


def big(data: bytes) -> bytes:
    """A little-endian TIFF of one page as BigTIFF: 64 bits for counts and places."""
    (start,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    moved, rows = 8, b""  # the header has 8 bytes more
    body = data[8:start]
    for number in range(count):
        tag, kind, many, value = struct.unpack_from("<HHL4s", data, start + 2 + 12 * number)
        size = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind] * many
        if tag in (273, 324):
            at = start + 10 + 12 * number if size <= 4 else struct.unpack("<L", value)[0]
            places = struct.unpack_from(f"<{many}{'H' if kind == 3 else 'L'}", data, at)
            packed = struct.pack(f"<{many}Q", *(place + moved for place in places))
            kind, size = 16, 8 * many
        elif size <= 4:
            packed = value
        else:
            (at,) = struct.unpack("<L", value)
            packed = data[at : at + size]
        if size > 8:
            body += packed
            packed = struct.pack("<Q", 16 + len(body) - len(packed))
        rows += struct.pack("<HHQ", tag, kind, many) + packed.ljust(8, b"\0")
    directory = struct.pack("<Q", count) + rows + bytes(8)
    return b"II+\0\x08\0\0\0" + struct.pack("<Q", 16 + len(body)) + body + directory


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "P", "1"])
def test_bigtiff_is_tiff(mode: str) -> None:
    source = np.asarray(textured((200, 150)))
    image = Image.fromarray(source).convert(mode)
    for options in ({"compression": "raw"}, {"compression": "tiff_lzw"}, {"strip_size": 4000}):
        data = behind_its_pixels(encode(image, "TIFF", **options))
        large = big(data)
        assert (format_of(large), media_type(large)) == ("TIFF", "image/tiff")
        assert (
            pipeline.decode(large).upright().tobytes() == pipeline.decode(data).upright().tobytes()
        )


def behind_its_pixels(data: bytes) -> bytes:
    """The same TIFF with its directory at the end, as most programs write it."""
    return tiff_tags.image_only(tiff_tags.image_tags(data, 65_536))


def runs(rows: list[bytes], width: int, *, bits: int, end: bytes = b"\0\1") -> bytes:
    """A BMP with run lengths, of colours 0 to 3: black, red, green, blue."""
    palette = bytes([0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0])
    body = b"".join(rows) + end
    start = 14 + 40 + len(palette)
    header = struct.pack(
        "<LllHHLLllLL", 40, width, 2, 1, bits, 1 if bits == 8 else 2, len(body), 0, 0, 4, 0
    )
    return struct.pack("<2sLLL", b"BM", start + len(body), 0, start) + header + palette + body


RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


@pytest.mark.parametrize("end", [b"\0\1", b""])
@pytest.mark.parametrize(
    ("bits", "rows"),
    [
        (8, [b"\x03\x01\x02\x02\0\0", b"\0\x05\x01\x02\x03\x03\x02\0"]),  # a run; as they are
        (4, [b"\x03\x11\x02\x22\0\0", b"\0\x05\x12\x33\x20\0"]),
    ],
)
def test_a_bmp_with_run_lengths_decodes(bits: int, rows: list[bytes], end: bytes) -> None:
    """The first row is the lowest; also where the code of the end is missing."""
    found = pipeline.decode(runs(rows, 5, bits=bits, end=end)).upright()
    pixels = [found.getpixel((x, y)) for y in range(2) for x in range(5)]
    assert pixels == [RED, GREEN, BLUE, BLUE, GREEN, RED, RED, RED, GREEN, GREEN]


def test_pixels_that_run_lengths_leave_out_have_the_first_colour() -> None:
    found = pipeline.decode(runs([b"\0\x02\x03\x01", b"\x02\x03"], 5, bits=8)).upright()
    assert [found.getpixel((x, 0)) for x in range(5)] == [BLACK] * 3 + [BLUE] * 2
    assert found.getpixel((0, 1)) == BLACK


@pytest.mark.parametrize("rows", [[b"\x05\x01"], [b"\x05\x01\0\0"], [b"\x05\x01\0\0\0\x05\1\2"]])
def test_run_lengths_without_all_rows_are_truncated(rows: list[bytes]) -> None:
    with pytest.raises(TruncatedImageError):
        pipeline.decode(runs(rows, 5, bits=8, end=b""))


def test_many_run_lengths_are_refused_in_bounded_time() -> None:
    with pytest.raises(ImageTooLargeError, match="runs"):
        pipeline.decode(runs([b"\0\2\0\0" * 2_100_000], 5, bits=8))
