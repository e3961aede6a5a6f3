"""One rule for depth and photometric interpretation, in every way that a file can store samples."""

import io
import itertools
import struct
import zlib
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.images import encode, textured
from visionflow.errors import TruncatedImageError, UnreadableImageError
from visionflow.images import pipeline
from visionflow.images.samples import span

Array = npt.NDArray[Any]

GREY = np.asarray(textured((61, 45)).convert("L")).astype(np.float64) / 255
COLOUR = np.asarray(textured((61, 45))).astype(np.float64) / 255
FORMATS = {"u": 1, "i": 2, "f": 3}
RAW, LZW, DEFLATE = 1, 5, 8


def predicted(rows: Array, predictor: int) -> bytes:
    """Rows [height, width, samples] as a predictor of TIFF stores them. TIFF 6.0, section 14, and
    Adobe's note on floating numbers."""
    if predictor == 2:
        first = rows[:, :1]
        rows = np.concatenate([first, np.diff(rows, axis=1)], axis=1).astype(rows.dtype)
    if predictor != 3:
        return rows.tobytes()
    height, _, samples = rows.shape
    size = rows.dtype.itemsize
    flat = np.ascontiguousarray(rows.astype(rows.dtype.newbyteorder(">")))
    apart = flat.view(np.uint8).reshape(height, -1, size).swapaxes(1, 2).reshape(height, -1)
    apart[:, samples:] -= apart[:, :-samples].copy()
    return apart.astype(np.uint8).tobytes()


def tiff(
    values: Array,
    *,
    order: Literal["<", ">"] = "<",
    compression: int = RAW,
    photometric: int | None = None,
    predictor: int = 1,
    tile: int | None = None,
    planar: bool = False,
    extra: int | None = None,
    tags: dict[int, tuple[str, float]] | None = None,
) -> bytes:
    """``values`` [height, width] or [height, width, samples], of any type."""
    cube = values if values.ndim == 3 else values[..., None]
    cube = cube.astype(cube.dtype.newbyteorder(order))
    height, width, samples = cube.shape
    pieces = []
    for plane in np.split(cube, samples, axis=2) if planar else [cube]:
        step_y, step_x = (tile, tile) if tile else (20, width)
        for y, x in itertools.product(range(0, height, step_y), range(0, width, step_x)):
            piece = plane[y : y + step_y, x : x + step_x]
            if tile:
                short = ((0, tile - piece.shape[0]), (0, tile - piece.shape[1]), (0, 0))
                piece = np.pad(piece, short)
            data = predicted(piece, predictor)
            pieces.append(zlib.compress(data) if compression == DEFLATE else data)
    bits = [cube.dtype.itemsize * 8] * samples
    colours = 3 if samples >= 3 else 1
    offsets = np.cumsum([8, *map(len, pieces)]).tolist()[:-1]
    found: dict[int, tuple[str, list[Any]]] = {
        256: ("L", [width]),
        257: ("L", [height]),
        258: ("H", bits),
        259: ("H", [compression]),
        262: ("H", [(2 if colours == 3 else 1) if photometric is None else photometric]),
        277: ("H", [samples]),
        284: ("H", [2 if planar else 1]),
        317: ("H", [predictor]),
        339: ("H", [FORMATS[cube.dtype.kind]] * samples),
    }
    sizes = [len(piece) for piece in pieces]
    if tile:
        found |= {322: ("L", [tile]), 323: ("L", [tile]), 324: ("L", offsets), 325: ("L", sizes)}
    else:
        found |= {273: ("L", offsets), 278: ("L", [20]), 279: ("L", sizes)}
    if extra is not None:
        found[338] = ("H", [extra])
    found |= {tag: (kind, [value]) for tag, (kind, value) in (tags or {}).items()}
    return directory(b"".join(pieces), found, order)


def directory(data: bytes, tags: dict[int, tuple[str, list[Any]]], order: str) -> bytes:
    kinds = {"H": 3, "L": 4, "f": 11, "d": 12}
    body, rows = data + bytes(len(data) % 2), b""
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            place = struct.pack(order + "L", 8 + len(body))
            body += packed
        else:
            place = packed.ljust(4, b"\0")
        rows += struct.pack(order + "HHL", tag, kinds[kind], len(values)) + place
    head = b"II*\0" if order == "<" else b"MM\0*"
    return (
        head
        + struct.pack(order + "L", 8 + len(body))
        + body
        + struct.pack(order + "H", len(tags))
        + rows
        + bytes(4)
    )


def png(values: Array, *chunks: tuple[bytes, bytes]) -> bytes:
    """``values`` [height, width, samples] of 16 bits."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[values.shape[2]]

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">LLBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*one) for one in chunks)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def shown(data: bytes) -> Array:
    return np.asarray(pipeline.decode(data).upright()).astype(np.int64)


def check(data: bytes, expected: Array, tolerance: float = 1) -> None:
    """``expected``: from 0 for black to 1 for white, [height, width] or with colours."""
    wanted = np.rint(np.clip(expected, 0, 1) * 255)
    found = shown(data)
    wanted = wanted if wanted.ndim == 3 else np.repeat(wanted[..., None], 3, axis=2)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= tolerance


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", [RAW, DEFLATE])
def test_the_depth_of_whole_numbers_is_what_their_largest_needs(
    bits: int, order: Literal["<", ">"], photometric: int, compression: int
) -> None:
    values = np.rint(GREY * (2**bits - 1)).astype(np.uint16)
    values.flat[0] = 2**bits - 1  # the texture need not have white
    expected = values / (2**bits - 1)
    data = tiff(values, order=order, photometric=photometric, compression=compression)
    check(data, 1 - expected if photometric == 0 else expected)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_a_png_of_16_bits_goes_by_the_same_rule(bits: int, samples: int) -> None:
    source = COLOUR if samples >= 3 else GREY[..., None]
    values = np.rint(source * (2**bits - 1)).astype(np.uint16)
    values.flat[:3] = 2**bits - 1
    expected = values / (2**bits - 1)
    if samples % 2 == 0:  # half of it is laid on white
        opacity = np.full((*GREY.shape, 1), 65_535, np.uint16)
        opacity[20:] = 0
        values = np.concatenate([values, opacity], axis=2)
        expected = expected.copy()
        expected[20:] = 1
    check(png(values), expected[..., 0] if samples < 3 else expected)


@pytest.mark.parametrize("samples", [1, 3])
def test_significant_bits_state_the_depth(samples: int) -> None:
    """Of a dark image of 12 bits; where samples are scaled up to 16, as the standard has it, these
    are what counts."""
    dark = np.rint((COLOUR if samples == 3 else GREY[..., None]) * 500).astype(np.uint16)
    stated = (b"sBIT", bytes([12] * samples))
    expected = dark / 4095
    check(png(dark, stated), expected if samples == 3 else expected[..., 0])
    check(png(dark * 100, stated), dark * 100 / 65_535 if samples == 3 else dark[..., 0] / 655.35)


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_few_bits_span_black_to_white(bits: int, photometric: int) -> None:
    values = (GREY[:, :56] * (2**bits - 1)).astype(np.uint8)
    spread = np.unpackbits(values[..., None], axis=2)[..., 8 - bits :]
    packed = np.packbits(spread.reshape(len(values), -1), axis=1)
    tags: dict[int, tuple[str, list[Any]]] = {
        256: ("L", [56]),
        257: ("L", [len(values)]),
        258: ("H", [bits]),
        259: ("H", [RAW]),
        262: ("H", [photometric]),
        273: ("L", [8]),
        277: ("H", [1]),
        278: ("L", [len(values)]),
        279: ("L", [packed.size]),
    }
    expected = values / (2**bits - 1)
    check(directory(packed.tobytes(), tags, "<"), 1 - expected if photometric == 0 else expected)


@pytest.mark.parametrize("compression", [RAW, DEFLATE])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("width", [60, 61])
def test_twelve_bits_in_a_row_are_twelve_bits(
    width: int, photometric: int, compression: int
) -> None:
    """Two samples in three bytes; also of an image that is too dark for 12 bits."""
    values = np.rint(GREY[:, :width] * 600).astype(np.uint16)
    wide = np.pad(values, ((0, 0), (0, width % 2)))
    first, second = wide[:, ::2], wide[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1)
    rows = packed.astype(np.uint8).reshape(len(values), -1)[:, : -(-width * 12 // 8)]
    data = rows.tobytes()
    data = zlib.compress(data) if compression == DEFLATE else data
    tags: dict[int, tuple[str, list[Any]]] = {
        256: ("L", [width]),
        257: ("L", [len(values)]),
        258: ("H", [12]),
        259: ("H", [compression]),
        262: ("H", [photometric]),
        273: ("L", [8]),
        277: ("H", [1]),
        278: ("L", [len(values)]),
        279: ("L", [len(data)]),
    }
    expected = values / 4095
    check(directory(data, tags, "<"), 1 - expected if photometric == 0 else expected)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [
        (0, 1, 0, 1),
        (0, 0.25, 0, 1),  # dark, not stretched
        (0, 255, 0, 255),
        (0, 100, 0, 255),
        (-1, 1, -1, 1),
        (-300, 40, -300, 40),
        (0, 4000, 0, 4000),
        (1000, 4000, 1000, 4000),
    ],
)
def test_floating_numbers_span_what_they_have(
    dtype: str,
    order: Literal["<", ">"],
    photometric: int,
    low: float,
    high: float,
    black: float,
    white: float,
) -> None:
    values = (low + GREY * (high - low)).astype(dtype)
    values.flat[:2] = low, high
    expected = (values.astype(np.float64) - black) / (white - black)
    data = tiff(values, order=order, photometric=photometric)
    check(data, 1 - expected if photometric == 0 else expected)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4"])
@pytest.mark.parametrize("photometric", [0, 1])
def test_signed_numbers_span_what_they_have(dtype: str, photometric: int) -> None:
    values = np.rint(-100 + GREY * 200).astype(dtype)
    values.flat[:2] = -100, 100
    expected = (values.astype(np.float64) + 100) / 200
    data = tiff(values, photometric=photometric)
    check(data, 1 - expected if photometric == 0 else expected)


def test_signed_numbers_without_a_negative_one_are_whole_numbers() -> None:
    values = np.rint(GREY * 4095).astype(np.int16)
    values.flat[0] = 4095
    check(tiff(values), values / 4095)


@pytest.mark.parametrize("dtype", ["u4", "i4"])
@pytest.mark.parametrize("bits", [12, 16, 24])
def test_numbers_of_32_bits_go_by_the_same_rule(dtype: str, bits: int) -> None:
    values = np.rint(GREY * (2**bits - 1)).astype(dtype)
    values.flat[0] = 2**bits - 1
    check(tiff(values), values / (2**bits - 1))


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("tags", [(340, 341), (280, 281)])
def test_what_the_file_states_counts(dtype: str, tags: tuple[int, int]) -> None:
    values = np.rint(200 + GREY * 600).astype(dtype)
    kind = "f" if dtype == "f4" else "H"
    stated = {tags[0]: (kind, 100.0 if kind == "f" else 100), tags[1]: (kind, 1100)}
    check(tiff(values, tags=stated), (values - 100.0) / 1000)


def test_a_stated_range_of_all_that_there_is_says_nothing() -> None:
    values = np.rint(GREY * 4095).astype(np.uint16)
    values.flat[0] = 4095
    check(tiff(values, tags={340: ("H", 0), 341: ("H", 65_535)}), values / 4095)


@pytest.mark.parametrize("photometric", [0, 1])
def test_what_is_no_number_is_black_and_the_infinite_is_clipped(photometric: int) -> None:
    values = GREY.astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    expected = values.astype(np.float64)
    expected[0, :3] = 0, 1, 0
    data = tiff(values, photometric=photometric)
    check(data, 1 - expected if photometric == 0 else expected)


def test_nothing_but_nan_is_one_colour() -> None:
    assert np.ptp(shown(tiff(np.full((9, 9), np.nan, np.float32)))) == 0


@pytest.mark.parametrize("dtype", ["u2", "f4", "f2", "i2"])
@pytest.mark.parametrize("samples", [3, 4])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", [None, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_colours_are_scaled_alike(
    dtype: str, samples: int, planar: bool, tile: int | None, order: Literal["<", ">"]
) -> None:
    white = 1.0 if dtype[0] == "f" else 4095
    values = (COLOUR * white).astype(dtype)
    values.flat[0] = white
    expected = values / white
    if samples == 4:
        full = {"u2": 65_535, "i2": 32_767}.get(dtype, 1)
        opacity = np.full((*GREY.shape, 1), full, dtype)
        opacity[20:] = 0
        values = np.concatenate([values, opacity], axis=2)
        expected = expected.copy()
        expected[20:] = 1
    data = tiff(values, planar=planar, tile=tile, order=order, extra=2 if samples == 4 else None)
    check(data, expected)


@pytest.mark.parametrize(("dtype", "predictor"), [("u2", 2), ("u4", 2), ("f4", 3), ("f2", 3)])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("tile", [None, 16])
def test_predictors_are_undone(dtype: str, predictor: int, samples: int, tile: int | None) -> None:
    white = 1.0 if dtype[0] == "f" else 4095
    values = ((COLOUR if samples == 3 else GREY) * white).astype(dtype)
    values.flat[0] = white
    data = tiff(values, predictor=predictor, compression=DEFLATE, tile=tile)
    check(data, values / white)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_what_pillow_writes_is_read(mode: str, compression: str) -> None:
    values = GREY * (1 if mode == "F" else 4095)
    values.flat[0] = 1 if mode == "F" else 4095
    dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    image = Image.fromarray(values.astype(dtype))
    check(
        encode(image, "TIFF", compression=compression),
        np.floor(values) / 4095 if mode != "F" else values,
    )


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "CMYK", "1"])
def test_eight_bits_stay_as_pillow_reads_them(mode: str) -> None:
    data = encode(textured().convert(mode), "TIFF")
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(shown(data), expected)


@pytest.mark.parametrize("values", [np.zeros((8, 8), np.uint64), np.zeros((8, 8), np.int64)])
def test_other_depths_are_refused_by_name(values: Array) -> None:
    with pytest.raises(UnreadableImageError, match="1 samples of 64 bits"):
        pipeline.decode(tiff(values))


@pytest.mark.parametrize("planar", [False, True])
def test_deep_pixels_that_are_missing_are_truncated(planar: bool) -> None:
    """The strips name a place behind the end, as of a file whose tags come first."""
    data = tiff((COLOUR * 4095).astype(np.uint16), planar=planar)
    (start,) = struct.unpack_from("<L", data, 4)
    lost = 3000
    cut = data[:8] + data[8 + lost : start]
    moved = data[:4] + struct.pack("<L", len(cut)) + data[8 + lost : start] + data[start:]
    with pytest.raises((TruncatedImageError, UnreadableImageError)):
        pipeline.decode(moved)


@pytest.mark.parametrize("dtype", ["u2", "u4"])
@pytest.mark.parametrize("values", [GREY, COLOUR])
@pytest.mark.parametrize(
    "stated", [{281: 255}, {341: 4095}, {280: 3, 281: 1000}, {340: 9000, 341: 60_000}]
)
def test_a_stated_end_that_samples_lie_beyond_says_nothing(
    dtype: str, values: Array, stated: dict[int, float]
) -> None:
    """Else a file that was made of 8 bits, and still says so, is all white."""
    deep = np.rint(values * 59_000).astype(dtype)
    white = 60_000 if 60_000 in stated.values() else 65_535
    tags: dict[int, tuple[str, float]] = {tag: ("H", value) for tag, value in stated.items()}
    check(tiff(deep, tags=tags), deep / white)


@pytest.mark.parametrize(
    ("smallest", "largest", "whole", "stated", "expected"),
    [
        (0, 255, True, (None, None), (0, 255)),
        (0, 256, True, (None, None), (0, 1023)),
        (0, 4095, True, (None, None), (0, 4095)),
        (0, 4096, True, (None, None), (0, 16_383)),
        (0, 70_000, True, (None, None), (0, 2**24 - 1)),
        (-5, 90, True, (None, None), (-5, 90)),
        (0, 90, True, (10, None), (10, 255)),
        (0, 90, False, (None, None), (0, 255)),
        (0.1, 0.9, False, (None, None), (0, 1)),
        (-0.1, 0.9, False, (None, None), (-0.1, 0.9)),
        (0, 300, False, (None, 200), (0, 200)),
        (-1, 1, False, (-2, 2), (-2, 2)),
    ],
)
def test_the_rule(
    smallest: float,
    largest: float,
    whole: bool,
    stated: tuple[float | None, float | None],
    expected: tuple[float, float],
) -> None:
    low, high = stated
    assert span(smallest, largest, whole=whole, low=low, high=high) == expected
