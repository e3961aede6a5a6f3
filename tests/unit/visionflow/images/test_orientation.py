"""An image is upright wherever its file says how it is turned."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.heifs import Heif, coded
from tests.images import encode, textured
from visionflow.images import pipeline
from visionflow.images.containers import orientation

UPRIGHT = textured((48, 32))
TURNS = range(1, 9)
# The stored pixels that orientation N turns back into the upright image.
INVERSE = {6: 8, 8: 6}


def stored(turn: int) -> Image.Image:
    turned = pipeline._UPRIGHT.get(INVERSE.get(turn, turn))
    return UPRIGHT if turned is None else UPRIGHT.transpose(turned)


def exif(turn: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = turn
    return block.tobytes()


def attribute(turn: int, prefix: str = "tiff") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmlns:{prefix}='
        f'"http://ns.adobe.com/tiff/1.0/" {prefix}:Orientation="{turn}"/></x:xmpmeta>'
    ).encode()


def element(turn: int) -> bytes:
    return (
        "<x:xmpmeta><rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/'>"
        f"<tiff:Orientation>{turn}</tiff:Orientation></rdf:Description></x:xmpmeta>"
    ).encode()


def png(image: Image.Image, *chunks: tuple[bytes, bytes]) -> bytes:
    data = encode(image, "PNG")
    made = b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return data[:33] + made + data[33:]


def raw_profile(turn: int, name: bytes = b"exif") -> tuple[bytes, bytes]:
    block = b"Exif\0\0" + exif(turn).removeprefix(b"Exif\0\0")
    digits = block.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\nexif\n{len(block):8}\n{lines}\n".encode()
    return b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(text)


def itxt(packet: bytes, *, packed: bool) -> tuple[bytes, bytes]:
    body = zlib.compress(packet) if packed else packet
    return b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed, 0]) + b"en\0\0" + body


def tiff_with_xmp(image: Image.Image, packet: bytes) -> bytes:
    return encode(image, "TIFF", tiffinfo={700: packet})


WAYS: dict[str, Callable[[int], bytes]] = {
    "JPEG, EXIF": lambda turn: encode(stored(turn), quality=100, subsampling=0, exif=exif(turn)),
    "JPEG, XMP": lambda turn: encode(stored(turn), quality=100, subsampling=0, xmp=attribute(turn)),
    "JPEG, XMP element": lambda turn: encode(
        stored(turn), quality=100, subsampling=0, xmp=element(turn)
    ),
    "PNG, EXIF": lambda turn: encode(stored(turn), "PNG", exif=exif(turn)),
    "PNG, raw profile": lambda turn: png(stored(turn), raw_profile(turn)),
    "PNG, raw profile APP1": lambda turn: png(stored(turn), raw_profile(turn, b"APP1")),
    "PNG, XMP": lambda turn: png(stored(turn), itxt(attribute(turn, "t"), packed=False)),
    "PNG, packed XMP": lambda turn: png(stored(turn), itxt(element(turn), packed=True)),
    "WebP, EXIF": lambda turn: encode(stored(turn), "WEBP", lossless=True, exif=exif(turn)),
    "WebP, XMP": lambda turn: encode(stored(turn), "WEBP", lossless=True, xmp=attribute(turn)),
    "TIFF, tag": lambda turn: encode(stored(turn), "TIFF", tiffinfo={274: turn}),
    "TIFF, XMP": lambda turn: tiff_with_xmp(stored(turn), element(turn)),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("way", WAYS)
def test_an_image_is_upright_wherever_it_says_so(way: str, turn: int) -> None:
    image = pipeline.decode(WAYS[way](turn))
    assert image.size == UPRIGHT.size
    found = np.asarray(image.upright()).astype(int)
    assert np.abs(found - np.asarray(UPRIGHT)).max() <= (8 if way.startswith("JPEG") else 0)


@pytest.mark.parametrize("first", [1, 3])
def test_exif_counts_before_xmp(first: int) -> None:
    """Also where it says that the image is upright."""
    both = {"exif": exif(first), "xmp": attribute(6)}
    for file_format, options in (("JPEG", {"quality": 100}), ("WEBP", {"lossless": True})):
        assert pipeline.decode(encode(UPRIGHT, file_format, **options, **both)).orientation == first
    data = png(UPRIGHT, itxt(attribute(6), packed=False), raw_profile(first))
    assert pipeline.decode(data).orientation == first
    both_tags = {274: first, 700: attribute(6)}
    assert pipeline.decode(encode(UPRIGHT, "TIFF", tiffinfo=both_tags)).orientation == first


def test_the_chunk_of_the_standard_counts_before_the_old_one() -> None:
    data = png(UPRIGHT, raw_profile(3), (b"eXIf", exif(8).removeprefix(b"Exif\0\0")))
    assert pipeline.decode(data).orientation == 8


def test_exif_without_an_orientation_leaves_it_to_xmp() -> None:
    block = Image.Exif()
    block[0x010E] = "an image"
    assert pipeline.decode(encode(UPRIGHT, exif=block, xmp=attribute(6))).orientation == 6


@pytest.mark.parametrize(
    "packet",
    [b"", b"<x>", attribute(0), attribute(9), attribute(6).replace(b'"6"', b'"sideways"')],
)
def test_what_xmp_does_not_say_is_upright(packet: bytes) -> None:
    assert orientation.of_xmp(packet) is None


@pytest.mark.parametrize(
    "text", [b"", b"exif", b"\nexif\n 9\nzz", b"\nexif\n 99999999\n45", b"\niptc\n 2\n4578"]
)
def test_a_damaged_raw_profile_is_upright(text: bytes) -> None:
    data = png(UPRIGHT, (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text)))
    assert pipeline.decode(data).orientation == 1
    bomb = (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(50_000_000)))
    assert pipeline.decode(png(UPRIGHT, bomb)).orientation == 1


# How a container turns its image: quarter turns against the clock, and the mirror's axis.
TRANSFORMS = {
    1: (0, None),
    2: (0, 1),
    3: (2, None),
    4: (0, 0),
    5: (1, 0),
    6: (3, None),
    7: (3, 0),
    8: (1, None),
}


@pytest.mark.parametrize("turn", TURNS)
def test_an_avif_is_turned_once_by_its_container(turn: int) -> None:
    """Pillow writes the orientation there; EXIF that stays beside it counts for nothing."""
    data = encode(stored(turn), "AVIF", quality=100, subsampling="4:4:4", exif=exif(turn))
    image = pipeline.decode(data)
    assert image.size == UPRIGHT.size
    assert np.abs(np.asarray(image.upright()).astype(int) - np.asarray(UPRIGHT)).mean() < 3


@pytest.mark.parametrize("turn", TURNS)
def test_a_heic_is_turned_once_by_its_container(turn: int) -> None:
    angle, axis = TRANSFORMS[turn]
    item = coded(stored(turn).resize((480, 320) if turn < 5 else (320, 480)))
    boxes = [struct.pack(">L4sB", 9, b"irot", angle)]
    if axis is not None:
        boxes.append(struct.pack(">L4sB", 9, b"imir", axis))
    turned = Heif([type(item)(item.kind, item.data, [*item.properties, *boxes])]).file()
    image = pipeline.decode(turned)
    assert image.size == (480, 320)
    small = np.asarray(image.upright().resize(UPRIGHT.size)).astype(int)
    assert np.abs(small - np.asarray(UPRIGHT)).mean() < 12


def test_exif_in_a_heic_turns_nothing() -> None:
    data = encode(UPRIGHT, "HEIF", exif=exif(1))
    at = data.index(exif(1)[6:])
    assert pipeline.decode(data[:at] + exif(6)[6:] + data[at + len(exif(6)) - 6 :]).size == (48, 32)


def test_xmp_may_be_large_and_is_bounded() -> None:
    padded = attribute(6) + b" " * 60_000
    assert pipeline.decode(encode(UPRIGHT, xmp=padded)).orientation == 6
    buffer = io.BytesIO()
    UPRIGHT.save(buffer, "WEBP", lossless=True, xmp=attribute(6) + b" " * 5_000_000)
    assert pipeline.decode(buffer.getvalue()).orientation == 1
