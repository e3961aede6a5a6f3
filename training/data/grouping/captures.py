"""By which camera a photo was taken, and when, as its EXIF data say."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD
from PIL.ExifTags import Base as Tag

from training.data.listing import Int64Array
from visionflow.images.formats import format_of

BURST_SECONDS = 3.0
# Of a burst, each photo is compared with so many that follow it.
_NEXT = 10
_TIME_FORMAT = "%Y %m %d %H %M %S"


@dataclass(frozen=True)
class Capture:
    """``camera``: make, model and serial number, each empty where EXIF does not say it."""

    camera: tuple[str, str, str]
    time: datetime


def capture_of(data: bytes) -> Capture | None:
    """None for a file that does not name camera and time."""
    try:
        with Image.open(io.BytesIO(data), formats=(format_of(data),)) as image:
            exif = image.getexif()
            details = exif.get_ifd(IFD.Exif)
            make, model = (_text(exif.get(tag)) for tag in (Tag.Make, Tag.Model))
            serial = _text(details.get(Tag.BodySerialNumber))
            # Not DateTime, which an editor sets to the time of its last change.
            taken = _text(details.get(Tag.DateTimeOriginal))
            # Some devices write dashes, fractions of a second or a time zone, against EXIF's rule.
            time = datetime.strptime(" ".join(re.findall(r"\d+", taken)[:6]), _TIME_FORMAT)
    except Exception:
        # Damaged EXIF data do not concern the pixels; a damaged image shows when it is decoded.
        return None
    return Capture((make, model, serial), time) if make or model else None


def burst_pairs(captures: Sequence[Capture | None], targets: Int64Array) -> Int64Array:
    """Pairs [M, 2] of photos of one class that the same make and model of camera took at most
    `BURST_SECONDS` apart."""
    return np.array(list(_near_in_time(captures, targets)), np.int64).reshape(-1, 2)


def _near_in_time(
    captures: Sequence[Capture | None], targets: Int64Array
) -> Iterator[tuple[int, int]]:
    known = sorted(
        (capture.camera[:2], int(targets[index]), capture.time, index)
        for index, capture in enumerate(captures)
        if capture is not None
    )
    for place, (camera, target, time, index) in enumerate(known):
        for other_camera, other_target, other_time, other in known[place + 1 : place + 1 + _NEXT]:
            if (camera, target) != (other_camera, other_target):
                break
            if (other_time - time).total_seconds() > BURST_SECONDS:
                break
            yield index, other


def _text(value: object) -> str:
    return str(value or "").strip("\0 ")
