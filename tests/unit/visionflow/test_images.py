import io
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.pictures import bad_files, encode, plain, png_bomb, textured
from visionflow import images
from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.input_spec import InputSpec
from visionflow.limits import ImageLimits


@pytest.mark.parametrize("file_format", images.ACCEPTED_FORMATS)
def test_every_accepted_format_decodes_to_the_same_size_in_rgb(file_format: str) -> None:
    image = images.decode(encode(textured(), file_format))
    assert image.mode == "RGB"
    assert image.size == (64, 48)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    upright = textured()
    # The stored pixels that orientation N turns back into the upright picture.
    inverse = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    transpose = images._UPRIGHT.get(inverse)
    stored = upright if transpose is None else upright.transpose(transpose)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = images.decode(encode(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(np.asarray(decoded), np.asarray(upright))


def test_damaged_exif_leaves_the_picture_as_it_lies() -> None:
    data = encode(textured(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow reports the damage as a warning
        assert images.decode(data).size == (64, 48)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA", "YCbCr"])
def test_odd_modes_become_rgb_of_the_same_colour(mode: str) -> None:
    file_format = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    white = images.decode(encode(plain("white").convert(mode), file_format))
    assert white.mode == "RGB"
    assert np.asarray(white).min() >= 253


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 256, dtype=np.uint16).reshape(16, 16)
    decoded = np.asarray(images.decode(encode(Image.fromarray(ramp), "PNG")))
    expected = (ramp / 257 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(decoded[..., 0], expected)


@pytest.mark.parametrize(("values", "brightest"), [((0.0, 1.0), 255), ((0.0, 200.0), 200)])
def test_float_tiff_spans_one_or_255(values: tuple[float, float], brightest: int) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert np.asarray(images.decode(encode(image, "TIFF"))).max() == brightest


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert np.asarray(images.decode(encode(clear, "PNG"))).min() == 255


def test_palette_transparency_is_laid_on_white() -> None:
    palette = plain("blue").convert("P")
    index = palette.getpixel((0, 0))
    assert np.asarray(images.decode(encode(palette, "PNG", transparency=index))).min() == 255


def test_an_animation_shows_its_first_frame() -> None:
    frames = [plain(colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(data).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("name", bad_files())
def test_bad_files_are_refused_with_their_code(name: str) -> None:
    data, code = bad_files()[name]
    expected = {
        "image_empty": EmptyImageError,
        "image_unreadable": UnreadableImageError,
        "image_truncated": TruncatedImageError,
        "image_too_large": ImageTooLargeError,
    }[code]
    with pytest.raises(expected):
        images.decode(data)


def test_every_truncation_of_a_jpeg_is_refused_or_decodes() -> None:
    data = encode(textured())
    for end in range(1, len(data), 7):
        try:
            image = images.decode(data[:end])
        except (TruncatedImageError, UnreadableImageError):
            continue
        assert image.size == (64, 48)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ImageTooLargeError, match="pixels"):
        images.decode(png_bomb(8_100))  # over our limit, under Pillow's own
    with pytest.raises(ImageTooLargeError, match="pixels"):
        images.decode(png_bomb(60_000))  # over Pillow's, which raises by itself


def test_more_bytes_than_the_limit_are_refused() -> None:
    data = encode(textured())
    with pytest.raises(ImageTooLargeError, match="bytes"):
        images.decode(data, ImageLimits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("file_format", ["PPM", "ICO"])
def test_formats_nobody_should_send_are_refused(file_format: str) -> None:
    with pytest.raises(UnreadableImageError, match="accepted format"):
        images.decode(encode(plain(), file_format))


def test_prepare_gives_the_contracted_tensor() -> None:
    tensor = images.load(encode(textured()), InputSpec(size=24, resize=32))
    assert tensor.shape == (24, 24, 3)
    assert tensor.dtype == np.uint8


def test_a_picture_of_the_model_s_size_is_not_resampled() -> None:
    picture = textured((32, 32))
    tensor = images.prepare(picture, InputSpec(32, 32))
    np.testing.assert_array_equal(tensor, np.asarray(picture))


def test_prepare_takes_the_centre() -> None:
    picture = plain("black", (60, 20))
    picture.paste("white", (20, 0, 40, 20))
    inner = images.prepare(picture, InputSpec(16, 20))
    assert inner.min() == 255


def test_prepare_agrees_with_resize_then_crop() -> None:
    picture = textured((301, 200))
    spec = InputSpec(224, 256, interpolation="bicubic")
    scaled = picture.resize((round(301 * 256 / 200), 256), Image.Resampling.BICUBIC)
    left, top = (scaled.width - 224) // 2, (scaled.height - 224) // 2
    two_steps = np.asarray(scaled.crop((left, top, left + 224, top + 224)), dtype=int)
    difference = np.abs(images.prepare(picture, spec).astype(int) - two_steps)
    assert difference.mean() < 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_slivers_are_resized_like_any_picture(size: tuple[int, int]) -> None:
    assert images.prepare(plain(size=size), InputSpec(32, 32)).shape == (32, 32, 3)


def test_a_thumbnail_fits_and_is_never_enlarged() -> None:
    large = Image.open(io.BytesIO(images.thumbnail(textured((1000, 500)))))
    small = Image.open(io.BytesIO(images.thumbnail(plain(size=(20, 10)))))
    assert (large.format, large.size) == ("JPEG", (256, 128))
    assert small.size == (20, 10)


@pytest.mark.parametrize(("file_format", "mime"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_the_media_type_is_what_the_bytes_say(file_format: str, mime: str) -> None:
    assert images.media_type(encode(plain(), file_format)) == mime
