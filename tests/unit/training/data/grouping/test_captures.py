from datetime import datetime

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD
from PIL.ExifTags import Base as Tag

from tests.images import encode, textured
from training.data.grouping.captures import Capture, burst_pairs, capture_of


def photo(
    time: str | None = "2030:05:01 10:00:00", make: str = "Maker", serial: str = "", seed: int = 0
) -> bytes:
    exif = Image.Exif()
    exif[Tag.Make], exif[Tag.Model] = make, f"{make} 5"
    details = exif.get_ifd(IFD.Exif)
    if time is not None:
        details[Tag.DateTimeOriginal] = time
    details[Tag.BodySerialNumber] = serial
    return encode(textured(seed=seed), exif=exif)


def capture(second: float, make: str = "Maker") -> Capture:
    return Capture((make, "5", ""), datetime.fromtimestamp(1_900_000_000 + second))


def test_camera_and_time_are_read() -> None:
    expected = Capture(("Maker", "Maker 5", "N1"), datetime(2030, 5, 1, 10))
    assert capture_of(photo(serial="N1")) == expected


@pytest.mark.parametrize(
    "time",
    [
        "2030:05:01 10:00:00.25",
        "2030-05-01T10:00:00+09:00",
        "2030:5:1 10:00:00",
        "2030:05:01 10:00:00Z",
    ],
)
def test_a_time_in_another_format_is_read_to_the_second(time: str) -> None:
    found = capture_of(photo(time))
    assert found is not None
    assert found.time == datetime(2030, 5, 1, 10)


@pytest.mark.parametrize(
    "data",
    [
        encode(textured()),
        encode(textured(), "PNG"),
        photo(time=None),
        photo(time="0000:00:00 00:00:00"),
        photo(time="yesterday"),
        b"no image",
    ],
)
def test_without_camera_and_time_there_is_nothing_to_compare(data: bytes) -> None:
    assert capture_of(data) is None


def test_a_time_without_a_camera_does_not_count() -> None:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif)[Tag.DateTimeOriginal] = "2030:05:01 10:00:00"
    assert capture_of(encode(textured(), exif=exif)) is None


def test_bursts_are_of_one_camera_and_class_within_three_seconds() -> None:
    captures = [capture(5), capture(0), None, capture(3), capture(1, "Other"), capture(2)]
    targets = np.array([0, 0, 0, 0, 0, 1])
    found = {tuple(sorted(pair)) for pair in burst_pairs(captures, targets).tolist()}
    assert found == {(0, 3), (1, 3)}


def test_a_thousand_photos_of_the_same_second_take_no_time() -> None:
    pairs = burst_pairs([capture(0)] * 1000, np.zeros(1000, np.int64))
    assert 1000 < len(pairs) <= 10_000
    assert burst_pairs([None], np.zeros(1, np.int64)).shape == (0, 2)
