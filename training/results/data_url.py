"""Small images as data URLs, so that a report needs no files beside it."""

import base64
import io
from typing import Literal

import numpy as np
from PIL import Image

from visionflow.images.pipeline import UInt8Array

_QUALITY = 85


def data_url(pixels: UInt8Array, kind: Literal["JPEG", "PNG"] = "JPEG") -> str:
    """uint8 RGB [H, W, 3], or grey [H, W]: JPEG for photographs, PNG where cells must stay."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=_QUALITY, optimize=True)
    return file_url(buffer.getvalue(), kind)


def file_url(content: bytes, kind: Literal["JPEG", "PNG"]) -> str:
    """A file's content as data URL."""
    return f"data:{Image.MIME[kind]};base64,{base64.b64encode(content).decode()}"


def pixels_of(url: str) -> UInt8Array:
    """The pixels behind what `data_url` made."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))
