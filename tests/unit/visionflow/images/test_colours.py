"""Profiles are converted to sRGB, whatever file brings them; what is sRGB stays as it is."""

import io
import random
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from tests import profiles
from tests.images import encode, textured
from tests.profiles import ADOBE_RGB, DISPLAY_P3, PRO_PHOTO, SPACES, SRGB, Space
from visionflow.images import pipeline
from visionflow.images.containers import icc
from visionflow.images.input_spec import InputSpec

Array = npt.NDArray[Any]

# Patches of 16 pixels, so that what loses detail keeps their middles.
_LEVELS = np.array([0, 10, 40, 90, 128, 200, 255])
COLOURS = np.stack(np.meshgrid(_LEVELS[1::2], _LEVELS[::3], _LEVELS[::2]), axis=-1).reshape(-1, 3)
COLOURS = COLOURS.astype(np.uint8)
SIDE = 16


def patches(colours: Array, mode: str = "RGB") -> Image.Image:
    pixels = np.repeat(np.repeat(colours[None], SIDE, axis=0), SIDE, axis=1)
    return Image.fromarray(pixels.astype(np.uint8), mode)


def shown(data: bytes) -> Array:
    """The colour in the middle of each patch."""
    found = np.asarray(pipeline.decode(data).upright()).astype(int)
    return found[SIDE // 2, SIDE // 2 :: SIDE]


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def bmp(image: Image.Image, icc_profile: bytes) -> bytes:
    """A bitmap with the header of version 5, which has room for a profile."""
    pixels = np.asarray(image.transpose(Image.Transpose.FLIP_TOP_BOTTOM))[..., ::-1].tobytes()
    start = 14 + 124
    header = bytearray(124)
    struct.pack_into("<LllHHLL", header, 0, 124, *image.size, 1, 24, 0, len(pixels))
    header[56:60] = b"DEBM"
    struct.pack_into("<LL", header, 112, 124 + len(pixels), len(icc_profile))
    head = struct.pack("<2sLLL", b"BM", start + len(pixels) + len(icc_profile), 0, start)
    return head + bytes(header) + pixels + icc_profile


def jp2(image: Image.Image, icc_profile: bytes) -> bytes:
    """Pillow writes no profile: the box that names sRGB is replaced."""
    data = encode(image, "JPEG2000")
    at = data.index(b"colr") - 4
    (size,) = struct.unpack_from(">L", data, at)
    box = struct.pack(">L4sBBB", 11 + len(icc_profile), b"colr", 2, 0, 0) + icc_profile
    head = data.index(b"jp2h") - 4
    (whole,) = struct.unpack_from(">L", data, head)
    grown = struct.pack(">L", whole + len(box) - size)
    return data[:head] + grown + data[head + 4 : at] + box + data[at + size :]


WRITERS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "TIFF, LZW": {"compression": "tiff_lzw"},
    "HEIF": {"quality": -1, "chroma": 444},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", [*WRITERS, "BMP", "JPEG 2000"])
def test_a_profile_is_converted_by_its_definition(kind: str, name: str) -> None:
    space = SPACES[name]
    image, made = patches(COLOURS), profiles.of_space(space)
    if kind == "BMP":
        data, plain = bmp(image, made), encode(image, "BMP")
    elif kind == "JPEG 2000":
        data, plain = jp2(image, made), encode(image, "JPEG2000")
    else:
        file_format = kind.partition(",")[0]
        data = encode(image, file_format, icc_profile=made, **WRITERS[kind])
        plain = encode(image, file_format, **WRITERS[kind])
    stored = shown(plain).astype(np.uint8)  # what the format has made of it
    assert np.abs(shown(data) - space.in_srgb(stored)).max() <= 2
    assert np.abs(shown(data) - stored).max() > 20


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_tensor_and_thumbnail_are_converted(kind: str) -> None:
    colour = np.array([[200, 30, 60]], np.uint8)
    image = patches(colour).resize((400, 300))
    data = encode(image, kind, icc_profile=profiles.of_space(DISPLAY_P3))
    expected = DISPLAY_P3.in_srgb(colour)[0]
    decoded = pipeline.decode(data, InputSpec(32, 32))
    assert np.abs(pipeline.prepare(decoded, InputSpec(32, 32)) - expected).max() <= 3
    small = np.asarray(Image.open(io.BytesIO(pipeline.thumbnail(decoded))).convert("RGB"))
    assert np.abs(small - expected).max() <= 5


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_is_converted_by_its_curve(mode: str, gamma: float) -> None:
    levels = _LEVELS.astype(np.uint8)
    image = patches(levels, "L").convert(mode)
    data = encode(image, "PNG", icc_profile=profiles.of_grey(profiles.power(gamma)))
    expected = profiles.encoded((levels / 255) ** gamma) * 255
    assert np.abs(shown(data) - expected[:, None]).max() <= 2


@pytest.mark.parametrize("file_format", ["TIFF", "JPEG"])
def test_inks_are_converted_by_their_table(file_format: str) -> None:
    inks = np.array([[0, 0, 0, 0], [255, 0, 0, 0], [0, 128, 0, 60], [255, 255, 255, 255]])
    image = patches(inks, "CMYK")
    options = {"quality": 100, "subsampling": 0} if file_format == "JPEG" else {}
    data = encode(image, file_format, icc_profile=profiles.of_inks(), **options)
    expected = profiles.grey_of_lightness(profiles.ink_lightness(inks))
    assert np.abs(shown(data) - expected[:, None]).max() <= 2


def test_lab_is_a_space_of_its_own() -> None:
    """L* from 0 to 255 for 0 to 100, and a* and b* as signed bytes."""
    lab = np.array([[0, 0, 0], [128, 0, 0], [255, 0, 0]], np.uint8)
    data = encode(patches(lab, "LAB"), "TIFF")
    expected = profiles.grey_of_lightness(lab[:, 0] / 255 * 100)
    assert np.abs(shown(data) - expected[:, None]).max() <= 2
    red = encode(patches(np.array([[140, 72, 52]], np.uint8), "LAB"), "TIFF")
    assert shown(red)[0, 0] > shown(red)[0, 2] + 50


def renamed(name: bytes) -> bytes:
    return profiles.of_space(SRGB, name=name)


@pytest.mark.parametrize(
    "made",
    [
        srgb_profile(),
        renamed(b"sRGB IEC61966-2.1"),
        renamed(b"Adobe RGB (1998)"),
        icc.matrix(icc.SRGB, icc.SRGB_CURVE) or b"",
    ],
    ids=["littlecms", "table", "another name", "function"],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_srgb_is_known_by_its_content_and_costs_nothing(file_format: str, made: bytes) -> None:
    """Bit for bit the image without a profile, and no conversion."""
    image = textured()
    with_profile = pipeline.decode(encode(image, file_format, icc_profile=made))
    without = pipeline.decode(encode(image, file_format))
    assert with_profile.conversion is None
    assert with_profile.upright().tobytes() == without.upright().tobytes()


def test_another_space_that_is_called_srgb_is_converted() -> None:
    made = profiles.of_space(ADOBE_RGB, name=b"sRGB IEC61966-2.1")
    assert pipeline.decode(encode(textured(), icc_profile=made)).conversion is not None


P3 = profiles.of_space(DISPLAY_P3)
_MATRIX = {b"rXYZ": b"XYZ " + bytes(16), b"gXYZ": b"XYZ " + bytes(16), b"bXYZ": b"XYZ " + bytes(16)}
BROKEN: dict[str, bytes] = {
    "empty": b"",
    "noise": bytes(range(256)) * 4,
    "cut": P3[:200],
    "cut in a curve": P3[:-3000],
    "header alone": P3[:128],
    "many tags": P3[:128] + b"\xff\xff\xff\xff" + P3[132:],
    "of grey": profiles.of_grey(profiles.power(1.8)),
    "of inks": profiles.of_inks(),
    "device link": P3[:12] + b"link" + P3[16:],
    "abstract": P3[:12] + b"abst" + P3[16:],
    "named colours": P3[:12] + b"nmcl" + P3[16:],
    "of Lab": P3[:16] + b"Lab " + P3[20:],
    "no signature": P3[:36] + b"none" + P3[40:],
    "no curves": profiles.profile(b"RGB ", _MATRIX),
    "huge": P3 + bytes(5_000_000),
    "many entries": profiles.profile(
        b"RGB ",
        {**_MATRIX, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"curv\0\0\0\0\xff\xff\xff\xff")},
    ),
    "large table": profiles.profile(
        b"RGB ", {b"A2B0": b"mft2" + bytes(4) + bytes([3, 3, 255, 0]) + bytes(100)}
    ),
}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_profile_for_the_image_changes_nothing(kind: str, file_format: str) -> None:
    if file_format == "WEBP" and not BROKEN[kind]:
        return
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(textured(), file_format, icc_profile=BROKEN[kind], **options)
    without = encode(textured(), file_format, **options)
    assert pipeline.decode(data).upright().tobytes() == pipeline.decode(without).upright().tobytes()


def test_damaged_profiles_never_fail_an_image() -> None:
    rng = random.Random(1)
    kinds = (P3, profiles.of_inks(), profiles.of_grey(profiles.power(2.2)))
    images = {kind[16:20]: mode for kind, mode in zip(kinds, ("RGB", "CMYK", "L"), strict=True)}
    for _ in range(80):
        made = bytearray(rng.choice(kinds))
        mode = images[bytes(made[16:20])]
        for _ in range(rng.randrange(1, 8)):
            made[rng.randrange(128, min(len(made), 400))] = rng.randrange(256)
        data = encode(Image.new(mode, (4, 4)), "TIFF", icc_profile=bytes(made))
        assert pipeline.decode(data).upright().mode == "RGB"


def test_only_what_a_conversion_reads_is_handed_on() -> None:
    """Not a thousand elements that share the same bytes."""
    more = {b"D2B0": b"mpet" + bytes(3000), b"A2B0": b"mpet" + bytes(100), b"meta": bytes(999)}
    columns = DISPLAY_P3.to_d50().T
    tags = {
        n: b"XYZ " + bytes(4) + profiles.fixed(*c)
        for n, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), profiles.curve(profiles.srgb_curve))
    found = icc.parse(profiles.profile(b"RGB ", {**tags, **more}))
    assert found is not None
    assert b"mpet" not in found.data
    assert found.data.count(b"curv") == 1  # once for all three
    assert len(found.data) < 3000


def chunked(*chunks: tuple[bytes, bytes]) -> bytes:
    data = encode(patches(COLOURS), "PNG")
    made = b"".join(
        struct.pack(">L", len(content))
        + name
        + content
        + struct.pack(">L", zlib.crc32(name + content))
        for name, content in chunks
    )
    return data[:33] + made + data[33:]


def chromaticities(space: Space) -> bytes:
    numbers = [*space.white, *space.red, *space.green, *space.blue]
    return struct.pack(">8L", *(round(number * 100_000) for number in numbers))


def gamma(value: float) -> bytes:
    return struct.pack(">L", round(value * 100_000))


NARROW = Space((0.6, 0.33), (0.3, 0.55), (0.16, 0.1), (0.3127, 0.3290), profiles.power(1.8))
P3_POINTS = (b"cICP", bytes([12, 13, 0, 1]))
ICCP = (b"iCCP", b"a\0\0" + zlib.compress(profiles.of_space(PRO_PHOTO)))


@pytest.mark.parametrize(
    ("chunks", "space"),
    [
        ([P3_POINTS], DISPLAY_P3),
        ([P3_POINTS, ICCP], DISPLAY_P3),
        ([(b"cICP", bytes([12, 16, 0, 1])), ICCP], PRO_PHOTO),  # HDR has no counterpart
        ([(b"cICP", bytes([1, 13, 0, 1])), ICCP], SRGB),
        ([ICCP, (b"sRGB", b"\0")], PRO_PHOTO),
        ([(b"sRGB", b"\0"), (b"gAMA", gamma(1)), (b"cHRM", chromaticities(NARROW))], SRGB),
        ([(b"gAMA", gamma(1 / 1.8)), (b"cHRM", chromaticities(NARROW))], NARROW),
        ([(b"gAMA", gamma(0.45455)), (b"cHRM", chromaticities(SRGB))], SRGB),
        ([(b"gAMA", gamma(0.45455)), (b"cHRM", chromaticities(DISPLAY_P3))], DISPLAY_P3),
        ([(b"cHRM", chromaticities(NARROW))], SRGB),  # says nothing of its curve
        ([(b"gAMA", gamma(0))], SRGB),
        ([(b"gAMA", gamma(1 / 1.8)), (b"cHRM", bytes(32))], SRGB),
        ([(b"iCCP", b"a\0\0" + zlib.compress(bytes(50_000_000)))], SRGB),
        ([(b"iCCP", b"a\0\0not packed")], SRGB),
    ],
)
def test_the_chunks_of_a_png_count_in_their_order(
    chunks: list[tuple[bytes, bytes]], space: Space
) -> None:
    """cICP, iCCP, sRGB, then gAMA with cHRM. W3C PNG, section 13.13."""
    tolerance = 0 if space is SRGB else 2
    assert np.abs(shown(chunked(*chunks)) - np.rint(space.in_srgb(COLOURS))).max() <= tolerance


def test_a_gamma_alone_is_converted() -> None:
    linear = replace(SRGB, curve=profiles.power(1.0))
    found = shown(chunked((b"gAMA", gamma(1))))
    assert np.abs(found - linear.in_srgb(COLOURS)).max() <= 2


@pytest.mark.parametrize("file_format", ["HEIF", "AVIF"])
def test_code_points_of_a_container_count_where_there_is_no_profile(file_format: str) -> None:
    options = WRITERS[file_format]
    plain = encode(patches(COLOURS), file_format, **options)
    data = bytearray(plain)
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">HH", 12, 13)
    expected = DISPLAY_P3.in_srgb(shown(plain).astype(np.uint8))
    assert np.abs(shown(bytes(data)) - expected).max() <= 2


def test_opacity_is_laid_on_white_of_the_space() -> None:
    image = patches(COLOURS).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    data = encode(image, "PNG", icc_profile=P3)
    assert shown(data).min() >= 254
