import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import bad_files, encode, textured
from tests.unit.training.inspection.messy_set import odd_files
from training.inspection.image_facts import BadFile, ImageFacts, read_facts


def read(tmp_path: Path, data: bytes) -> ImageFacts | BadFile:
    (tmp_path / "image").write_bytes(data)
    return read_facts(tmp_path, "image")


@pytest.mark.parametrize("name", odd_files())
def test_each_oddity_is_seen_and_no_other(name: str, tmp_path: Path) -> None:
    facts = read(tmp_path, odd_files()[name])
    assert isinstance(facts, ImageFacts)
    assert facts.oddities == (Path(name).stem,)


def test_a_plain_photograph_has_none(tmp_path: Path) -> None:
    data = encode(textured((64, 48)))
    facts = read(tmp_path, data)
    assert isinstance(facts, ImageFacts)
    assert facts.oddities == ()
    assert (facts.width, facts.height, facts.bytes) == (64, 48, len(data))
    assert facts.thumbnail.shape == (16, 16, 3)


def test_an_image_that_is_grey_but_stored_in_colour_counts_as_greyscale(tmp_path: Path) -> None:
    grey = textured().convert("L").convert("RGB")
    facts = read(tmp_path, encode(grey))
    assert isinstance(facts, ImageFacts)
    assert facts.oddities == ("greyscale",)


def test_the_size_is_that_of_the_upright_image(tmp_path: Path) -> None:
    facts = read(tmp_path, odd_files()["rotated.jpg"])
    assert isinstance(facts, ImageFacts)
    assert (facts.width, facts.height) == (48, 64)


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_file_is_told_by_the_code_that_serving_gives_it(name: str, tmp_path: Path) -> None:
    data, expected = bad_files()[name]
    facts = read(tmp_path, data)
    assert isinstance(facts, BadFile)
    assert facts.code == expected
    assert facts.message.endswith(".")


def with_chunk(name: bytes, content: bytes) -> bytes:
    data = encode(textured(), "PNG")
    checked = name + content
    chunk = struct.pack(">L", len(content)) + checked + struct.pack(">L", zlib.crc32(checked))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"zTXt", b"text\0\0" + zlib.compress(bytes(3_000_000))),
        *((name, b"1") for name in (b"gAMA", b"cHRM", b"pHYs", b"acTL", b"fcTL", b"iCCP", b"iTXt")),
        *((name, b"") for name in (b"sRGB", b"eXIf")),
    ],
)
def test_metadata_that_pillow_cannot_read_takes_no_image(
    name: bytes, content: bytes, tmp_path: Path
) -> None:
    facts = read(tmp_path, with_chunk(name, content))
    assert isinstance(facts, ImageFacts)
    assert (facts.width, facts.height) == textured().size


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_may_end_anywhere(kind: str, tmp_path: Path) -> None:
    more = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    data = encode(more[0], kind, save_all=True, append_images=more[1:])
    for end in range(1, len(data), max(1, len(data) // 40)):
        assert isinstance(read(tmp_path, data[:end]), ImageFacts | BadFile)


def test_a_file_that_vanished_is_unreadable(tmp_path: Path) -> None:
    facts = read_facts(tmp_path, "gone.jpg")
    assert isinstance(facts, BadFile)
    assert facts.code == "image_missing"


def test_the_thumbnail_shows_the_image(tmp_path: Path) -> None:
    image = Image.new("RGB", (80, 80), "blue")
    image.paste("red", (0, 0, 40, 80))
    facts = read(tmp_path, encode(image, "PNG"))
    assert isinstance(facts, ImageFacts)
    np.testing.assert_array_equal(facts.thumbnail[:, 0], [[255, 0, 0]] * 16)
    np.testing.assert_array_equal(facts.thumbnail[:, -1], [[0, 0, 255]] * 16)
