"""The fuzzer's seeds: images from real encoders, request bodies as real clients send them."""

import base64
import io
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.images import encode, textured
from tests.profiles import DISPLAY_P3, of_inks, of_space

SAMPLES = Path(__file__).parents[2] / "infra" / "samples"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Body:
    """What API Gateway passes on: ``data`` as it was sent, and its Content-Type."""

    data: bytes
    content_type: str


def images() -> list[bytes]:
    """Every accepted format, in each variant that its decoder treats differently; small images."""
    rgb = textured()
    rgba = rgb.copy()
    rgba.putalpha(textured(seed=1).convert("L"))
    grey = rgb.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    frames = [textured(seed=seed) for seed in (2, 3)]
    several = {"save_all": True, "append_images": frames}
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "an image"
    palette = rgb.quantize(32)
    return [
        encode(rgb, "JPEG", quality=85),
        encode(textured((400, 300)), "JPEG", quality=60),
        encode(textured((1300, 1000)), "JPEG", quality=30),  # decoded at reduced scale
        encode(textured((1300, 1000)), "JPEG", progressive=True),  # by some of its scans
        encode(rgb, "JPEG", progressive=True, subsampling="4:2:0", exif=exif),
        encode(rgb, "JPEG", restart_marker_blocks=2, comment="hello", icc_profile=bytes(300)),
        encode(grey, "JPEG"),
        encode(rgb.convert("CMYK"), "JPEG", progressive=True),
        *(path.read_bytes() for path in sorted(SAMPLES.glob("*.jpg"))[:2]),
        encode(rgb, "PNG", exif=exif, dpi=(72, 72), icc_profile=bytes(300)),
        encode(rgba, "PNG", **several),
        encode(grey, "PNG", bits=4),
        encode(deep, "PNG"),
        encode(rgb.convert("1"), "PNG"),
        encode(palette, "PNG", transparency=3),
        interlaced_png(),
        encode(palette, "GIF", **several, transparency=1, comment=b"hello", duration=80),
        encode(grey, "GIF", interlace=True),
        encode(rgb, "WEBP", quality=70, exif=exif),
        encode(rgba, "WEBP", lossless=True),
        encode(rgba, "WEBP", **several),
        *(encode(rgb.convert(mode), "BMP") for mode in ("RGB", "L", "P", "1")),
        encode(rgba, "BMP"),
        *(
            encode(rgb, "TIFF", compression=compression)
            for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
        ),
        encode(rgb.convert("1"), "TIFF", compression="group4"),
        encode(deep, "TIFF"),
        encode(rgb.convert("CMYK"), "TIFF", **{**several, "append_images": frames}),
        encode(Image.fromarray(np.asarray(grey, dtype=np.float32) / 255), "TIFF"),
        encode(rgb, "JPEG", icc_profile=of_space(DISPLAY_P3), xmp=b"<tiff:Orientation>6</"),
        encode(rgb, "PNG", icc_profile=of_space(DISPLAY_P3)),
        encode(rgb.convert("CMYK"), "TIFF", icc_profile=of_inks()),
        encode(rgb, "JPEG")[:-2],
        encode(rgb, "AVIF", quality=40, speed=10),
        encode(rgba, "AVIF", quality=40, speed=10, exif=exif),
        undated(encode(rgb, "AVIF", quality=40, speed=10, **several)),
        encode(rgb, "JPEG2000"),
        encode(grey, "JPEG2000", no_jp2=True, tile_size=(32, 32), irreversible=True),
        encode(rgb, "HEIF", quality=40),
        encode(rgba, "HEIF", quality=40),
        encode(grey, "HEIF", quality=40, exif=exif),
        encode(rgb, "HEIF", quality=40, **several),
    ]


def undated(movie: bytes) -> bytes:
    """Without the times at which it was made, so that an input is the same on any day."""
    found = bytearray(movie)
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        at = movie.index(kind) + 4
        width = 16 if movie[at] == 1 else 8  # two times, of 64 or 32 bits by the version
        found[at + 4 : at + 4 + width] = bytes(width)
    return bytes(found)


def interlaced_png() -> bytes:
    """Adam7 of 8 x 8 grey pixels, by hand: Pillow reads them but writes none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    passes = ((1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8))
    rows = b"".join(bytes(1) + bytes(range(width)) for rows, width in passes for _ in range(rows))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def bodies() -> list[Body]:
    """The three ways to send an image, and forms with further fields."""
    image = encode(textured((24, 16)), "PNG")
    encoded = base64.b64encode(image).decode()
    head = 'Content-Disposition: form-data; name="file"; filename="café.png"\r\n'
    return [
        Body(form((head + "Content-Type: image/png\r\n", image)), FORM),
        Body(
            form(
                ('Content-Disposition: form-data; name="note"\r\n', b"hello"),
                (
                    "content-disposition: form-data; name=file\r\n"
                    "Content-Transfer-Encoding: base64\r\n",
                    encoded.encode(),
                ),
            ),
            FORM,
        ),
        Body(form((head, b"")) + b"epilogue", f'{FORM[:30]}"{BOUNDARY}"'),
        Body(json.dumps({"image": encoded}).encode(), "application/json"),
        Body(
            json.dumps(
                {"image": f"data:image/png;base64,{encoded}", "more": [{"a": None}]}
            ).encode(),
            "application/json",
        ),
        Body(image, "image/png"),
        Body(image, "application/octet-stream; charset=binary"),
    ]


def form(*parts: tuple[str, bytes]) -> bytes:
    """A multipart body of (headers, content)."""
    buffer = io.BytesIO()
    for headers, content in parts:
        buffer.write(f"--{BOUNDARY}\r\n{headers}\r\n".encode() + content + b"\r\n")
    buffer.write(f"--{BOUNDARY}--\r\n".encode())
    return buffer.getvalue()
