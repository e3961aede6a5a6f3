"""A camera's stream is cut into its files, wherever the pieces end."""

import io

import pytest
from PIL import Image

from tests.images import encode, plain, textured
from visionflow.edge.mjpeg import MAX_FRAME_BYTES, Splitter

BASELINE = encode(textured((64, 48)), quality=95)
PROGRESSIVE = encode(textured((48, 48), 1), progressive=True)


def with_thumbnail() -> bytes:
    """A JPEG whose header holds another one, with an end of its own."""
    small = encode(plain("red", (8, 8)))
    segment = b"\xff\xe1" + (len(small) + 8).to_bytes(2) + b"Exif\0\0" + small
    return BASELINE[:2] + segment + BASELINE[2:]


def with_restarts() -> bytes:
    return encode(textured((64, 48), 2), restart_marker_blocks=1)


FILES = {
    "baseline": BASELINE,
    "progressive": PROGRESSIVE,
    "with a thumbnail": with_thumbnail(),
    "with restarts": with_restarts(),
    "with fill bytes": BASELINE[:2] + b"\xff\xff" + BASELINE[2:],
}
MULTIPART = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"


@pytest.mark.parametrize("between", [b"", MULTIPART], ids=["nothing", "multipart headers"])
@pytest.mark.parametrize("size", [1, 7, 1_000, 1_000_000])
def test_files_come_out_as_they_went_in(size: int, between: bytes) -> None:
    stream = between.join([b"", *FILES.values(), b""])
    splitter, found = Splitter(), list[bytes]()
    for start in range(0, len(stream), size):
        found += splitter.feed(stream[start : start + size])
    assert found == list(FILES.values())


def test_what_is_not_a_jpeg_costs_one_file_at_most() -> None:
    """A stream may begin in the middle of a file, and bytes may be lost on the way."""
    damaged = BASELINE[:100] + BASELINE[140:]
    found = [*Splitter().feed(BASELINE[60:] + damaged + PROGRESSIVE + BASELINE)]
    assert found[-1] == BASELINE
    assert len(found) >= 2


def test_memory_is_bounded_for_a_file_that_never_ends() -> None:
    splitter = Splitter()
    head = BASELINE[: BASELINE.index(b"\xff\xda") + 20]
    assert [*splitter.feed(head)] == []
    piece = bytes(1_000_000)
    for _ in range(MAX_FRAME_BYTES // len(piece) + 2):
        assert [*splitter.feed(piece)] == []
    assert len(splitter._data) <= MAX_FRAME_BYTES
    assert [*splitter.feed(BASELINE)][-1:] == [BASELINE]


def test_the_files_can_be_opened() -> None:
    """Which says that those above are JPEGs."""
    for data in FILES.values():
        Image.open(io.BytesIO(data)).load()
