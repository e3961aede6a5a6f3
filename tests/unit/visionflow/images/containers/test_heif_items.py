"""HEIFs that are made of more than they show, and honest ones of every structure."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.heifs import ALPHA, Heif, Item, coded, grid, identity, overlay
from tests.images import encode, plain, textured
from visionflow.errors import (
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.images import pipeline
from visionflow.images.containers.heif_items import check
from visionflow.images.limits import DEFAULT_LIMITS, ImageLimits

SECONDS = 0.5
TILE = coded(textured((512, 512)))
LARGE = coded(plain("red", (4096, 4096)))


def tiled(rows: int = 2, columns: int = 2) -> Heif:
    width, height = 512 * columns - 10, 512 * rows - 10
    parts = range(1, rows * columns + 1)
    return Heif([*[TILE] * len(parts), grid(rows, columns, width, height, parts)], len(parts) + 1)


def test_a_grid_decodes() -> None:
    image = pipeline.decode(tiled().file())
    assert image.size == (1014, 1014)
    one = np.asarray(pipeline.decode(Heif([TILE]).file()).upright())
    np.testing.assert_array_equal(np.asarray(image.upright())[:512, :512], one)


def test_a_grid_with_transparency_decodes() -> None:
    heif = tiled()
    alphas = [heif.add(coded(plain("white", (512, 512)))) for _ in range(4)]
    whole = grid(2, 2, 1014, 1014, alphas)
    heif.add(Item(whole.kind, whole.data, [*whole.properties, ALPHA], whole.parts, alpha_of=5))
    check(heif.file(), DEFAULT_LIMITS)
    assert pipeline.decode(heif.file()).size == (1014, 1014)


def test_an_overlay_and_a_repeated_item_decode() -> None:
    once = Heif([TILE, overlay(512, 512, [1])], primary=2)
    again = Heif([TILE, identity(512, 512, 1)], primary=2)
    for heif in (once, again):
        assert pipeline.decode(heif.file()).size == (512, 512)


@pytest.mark.parametrize("options", [{}, {"save_all": True, "append_images": [plain("blue")] * 3}])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_what_an_encoder_writes_is_accepted(mode: str, options: dict[str, object]) -> None:
    data = encode(textured().convert(mode), "HEIF", quality=40, **options)
    assert pipeline.decode(data).size == (64, 48)


def chain(length: int) -> Heif:
    heif = Heif([TILE])
    for _ in range(length):
        heif.primary = heif.add(identity(512, 512, heif.primary))
    return heif


def pyramid() -> Heif:
    """Overlays of overlays: ten times as many images with each."""
    heif = Heif([TILE])
    for _ in range(6):
        heif.primary = heif.add(overlay(512, 512, [heif.primary] * 10))
    return heif


def circle() -> Heif:
    return Heif([identity(512, 512, 2), identity(512, 512, 1)])


def transparent(count: int) -> Heif:
    alpha = Item(LARGE.kind, LARGE.data, [*LARGE.properties, ALPHA], alpha_of=1)
    return Heif([LARGE, *[alpha] * count])


@pytest.mark.parametrize(
    ("make", "error", "reason"),
    [
        (lambda: Heif([LARGE, grid(4, 4, 64, 64, [1] * 16)], 2), ImageTooLargeError, "made of 268"),
        (
            lambda: Heif([LARGE, grid(256, 256, 64, 64, [1] * 65_000)], 2),
            ImageTooLargeError,
            "made",
        ),
        (lambda: Heif([LARGE, overlay(64, 64, [1] * 2000)], 2), ImageTooLargeError, "too many"),
        (lambda: Heif([TILE, overlay(512, 512, [1] * 2000)], 2), ImageTooLargeError, "too many"),
        (lambda: chain(40), UnreadableImageError, "too many layers"),
        (pyramid, ImageTooLargeError, "too many"),
        (circle, UnreadableImageError, "made of itself"),
        (lambda: transparent(4), ImageTooLargeError, "too many"),
    ],
)
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(
    make: Callable[[], Heif], error: type[ImageError], reason: str
) -> None:
    data = make().file()
    start = time.process_time()
    with pytest.raises(error, match=reason):
        pipeline.decode(data)
    assert time.process_time() - start < SECONDS


def test_items_that_share_their_bytes_are_refused() -> None:
    data = bytearray(Heif([TILE, TILE, TILE]).file())
    first = data.index(b"iloc") + 12 + 6
    for item in (0, 1, 2):
        at = first + 14 * item
        data[at : at + 4] = data[first : first + 4]
        data[at + 4 : at + 8] = (len(data) // 2).to_bytes(4, "big")
    with pytest.raises(UnreadableImageError, match="bytes in all"):
        pipeline.decode(bytes(data))


def test_two_descriptions_are_refused() -> None:
    data = Heif([TILE]).file()
    at = data.index(b"meta") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    for doubled in (data[:at] + data[at : at + size] + data[at:], data[:at]):
        with pytest.raises(UnreadableImageError, match="one description"):
            pipeline.decode(doubled)


@pytest.mark.parametrize("end", [40, 100, 200, 300])
def test_boxes_that_end_early_are_an_error_of_the_tree(end: int) -> None:
    data = tiled().file()
    with pytest.raises((TruncatedImageError, UnreadableImageError)):
        check(data[:end], DEFAULT_LIMITS)


def test_parts_are_counted() -> None:
    with pytest.raises(ImageTooLargeError, match="at most 20"):
        check(tiled().file(), ImageLimits(max_parts=20))
