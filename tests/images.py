"""Images of every kind that people send, drawn in memory."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener


def plain(
    colour: str | tuple[int, int, int] = "red", size: tuple[int, int] = (40, 30)
) -> Image.Image:
    return Image.new("RGB", size, colour)


def textured(size: tuple[int, int] = (64, 48), seed: int = 0) -> Image.Image:
    """Smooth noise: compresses like a photo and has no symmetry that would hide a rotation."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encode(image: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    if file_format == "HEIF":
        register_heif_opener()
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_bomb(side: int = 20_000) -> bytes:
    """A PNG of a few kilobytes whose valid header declares ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Name -> (bytes, the code it must be refused with)."""
    jpeg = encode(textured((200, 150)))
    return {
        "empty.jpg": (b"", "image_empty"),
        "notes.txt": (b"just a few words", "image_unreadable"),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], "image_truncated"),
        "bomb.png": (png_bomb(), "image_too_large"),
    }
