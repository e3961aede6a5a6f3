import io
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images import bad_files, encode, plain, png_bomb, textured
from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from visionflow.images import decoding, formats, pipeline
from visionflow.images.containers import unpack
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS, ImageLimits
from visionflow.images.pipeline import DecodedImage, UInt8Array


def decoded_pixels(data: bytes) -> UInt8Array:
    return np.asarray(pipeline.decode(data).upright())


@pytest.mark.parametrize("file_format", formats.ACCEPTED_FORMATS)
def test_every_accepted_format_decodes_to_the_same_size_in_rgb(file_format: str) -> None:
    image = pipeline.decode(encode(textured(), file_format))
    assert image.upright().mode == "RGB"
    assert image.size == image.upright().size == (64, 48)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    upright = textured()
    # The stored pixels that orientation N turns back into the upright image.
    inverse = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    transpose = pipeline._UPRIGHT.get(inverse)
    stored = upright if transpose is None else upright.transpose(transpose)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(stored, "PNG", exif=exif)
    np.testing.assert_array_equal(decoded_pixels(data), np.asarray(upright))


def test_damaged_exif_leaves_the_image_as_it_lies() -> None:
    data = encode(textured(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow reports the damage as a warning
        assert pipeline.decode(data).size == (64, 48)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA", "YCbCr"])
def test_odd_modes_become_rgb_of_the_same_colour(mode: str) -> None:
    file_format = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    white = decoded_pixels(encode(plain("white").convert(mode), file_format))
    assert white.shape == (30, 40, 3)
    assert white.min() >= 253


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 256, dtype=np.uint16).reshape(16, 16)
    decoded = decoded_pixels(encode(Image.fromarray(ramp), "PNG"))
    expected = (ramp / 257 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(decoded[..., 0], expected)


@pytest.mark.parametrize(("values", "brightest"), [((0.0, 1.0), 255), ((0.0, 200.0), 200)])
def test_float_tiff_spans_one_or_255(values: tuple[float, float], brightest: int) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert decoded_pixels(encode(image, "TIFF")).max() == brightest


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert decoded_pixels(encode(clear, "PNG")).min() == 255


def test_palette_transparency_is_laid_on_white() -> None:
    palette = plain("blue").convert("P")
    index = palette.getpixel((0, 0))
    assert decoded_pixels(encode(palette, "PNG", transparency=index)).min() == 255


def test_an_animation_shows_its_first_frame() -> None:
    frames = [plain(colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pipeline.decode(data).upright().getpixel((0, 0)) == (255, 0, 0)


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
        pipeline.decode(data)


def test_every_truncation_of_a_jpeg_is_refused_or_decodes() -> None:
    data = encode(textured())
    for end in range(1, len(data), 7):
        try:
            image = pipeline.decode(data[:end])
        except (TruncatedImageError, UnreadableImageError):
            continue
        assert image.size == (64, 48)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ImageTooLargeError, match="pixels"):
        pipeline.decode(png_bomb(8_200))  # over our limit, under Pillow's own
    with pytest.raises(ImageTooLargeError, match="pixels"):
        pipeline.decode(png_bomb(60_000))  # over Pillow's, which raises by itself


def test_more_bytes_than_the_limit_are_refused() -> None:
    data = encode(textured())
    with pytest.raises(ImageTooLargeError, match="bytes"):
        pipeline.decode(data, limits=ImageLimits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("file_format", ["PPM", "ICO"])
def test_formats_nobody_should_send_are_refused(file_format: str) -> None:
    with pytest.raises(UnreadableImageError, match=r"This is an? .* accepted format"):
        pipeline.decode(encode(plain(), file_format))


def test_prepare_gives_the_contracted_tensor() -> None:
    tensor = pipeline.load(encode(textured()), InputSpec(size=24, resize=32))
    assert tensor.shape == (24, 24, 3)
    assert tensor.dtype == np.uint8


def test_an_image_of_the_model_s_size_is_not_resampled() -> None:
    image = textured((32, 32))
    tensor = pipeline.prepare(DecodedImage.of(image), InputSpec(32, 32))
    np.testing.assert_array_equal(tensor, np.asarray(image))


def test_prepare_takes_the_centre() -> None:
    image = plain("black", (60, 20))
    image.paste("white", (20, 0, 40, 20))
    inner = pipeline.prepare(DecodedImage.of(image), InputSpec(16, 20))
    assert inner.min() == 255


def test_prepare_agrees_with_resize_then_crop() -> None:
    image = textured((301, 200))
    spec = InputSpec(224, 256, interpolation="bicubic")
    scaled = image.resize((round(301 * 256 / 200), 256), Image.Resampling.BICUBIC)
    left, top = (scaled.width - 224) // 2, (scaled.height - 224) // 2
    two_steps = np.asarray(scaled.crop((left, top, left + 224, top + 224)), dtype=int)
    difference = np.abs(pipeline.prepare(DecodedImage.of(image), spec).astype(int) - two_steps)
    assert difference.mean() < 1.0


@pytest.mark.parametrize(
    ("size", "resize", "reduction"),
    [
        ((4000, 3000), 256, 4),  # 750 pixels for 256
        ((4000, 3000), 232, 4),
        ((4000, 3000), 64, 8),
        ((4032, 3024), 256, 4),
        ((2048, 1536), 256, 2),
        ((1920, 1080), 256, 1),
        ((640, 480), 32, 1),  # the thumbnail wants them all
        ((1024, 768), 32, 2),
        ((20_000, 64), 32, 1),
    ],
)
def test_a_jpeg_is_reduced_as_far_as_model_and_thumbnail_allow(
    size: tuple[int, int], resize: int, reduction: int
) -> None:
    spec = InputSpec(resize, resize)
    assert pipeline._reduction(*size, spec) == pipeline._reduction(*size[::-1], spec) == reduction


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(1600, 1200), (1603, 1205)])
def test_a_reduced_image_shows_the_same(size: tuple[int, int], orientation: int) -> None:
    """Of sizes too that the scale does not divide, whichever end the odd pixels come to lie at."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(textured(size), exif=exif, quality=95)
    spec = InputSpec(48, 64)
    whole, reduced = pipeline.decode(data), pipeline.decode(data, spec)
    assert reduced.reduction == 2
    assert reduced.stored.width == (size[0] + 1) // 2
    assert reduced.size == whole.size == (size if orientation < 5 else size[::-1])
    difference = np.abs(
        pipeline.prepare(reduced, spec).astype(int) - pipeline.prepare(whole, spec).astype(int)
    )
    assert difference.mean() < 0.5
    thumbnails = [
        np.asarray(Image.open(io.BytesIO(pipeline.thumbnail(image))), dtype=int)
        for image in (whole, reduced)
    ]
    assert np.abs(thumbnails[0] - thumbnails[1]).mean() < 1.0


def test_without_a_spec_and_in_other_formats_every_pixel_is_there() -> None:
    spec = InputSpec(32, 32)
    image = textured((1600, 1200))
    assert pipeline.decode(encode(image)).stored.size == (1600, 1200)
    assert pipeline.decode(encode(image, "WEBP"), spec).stored.size == (1600, 1200)


def test_heic_without_its_package_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = encode(textured(), "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadableImageError, match="send the image as JPEG"):
        pipeline.decode(data)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_slivers_are_resized_like_any_image(size: tuple[int, int]) -> None:
    assert pipeline.prepare(DecodedImage.of(plain(size=size)), InputSpec(32, 32)).shape == (
        32,
        32,
        3,
    )


@pytest.mark.parametrize("size", [(1, 513), (2000, 3), (3, 5000)])
def test_a_sliver_s_thumbnail_keeps_at_least_one_pixel(size: tuple[int, int]) -> None:
    assert (
        min(Image.open(io.BytesIO(pipeline.thumbnail(DecodedImage.of(plain(size=size))))).size) == 1
    )


def with_repeated_scan(jpeg: bytes, times: int) -> bytes:
    """The last scan of a progressive JPEG again and again: small to send, long to decode."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + (jpeg[last:-2]) * times + jpeg[-2:]


def test_a_jpeg_of_too_many_scans_is_refused_before_it_is_decoded() -> None:
    """Small images may have many; of a large one each takes its time."""
    progressive = encode(textured((2000, 1500)), progressive=True)
    assert pipeline.decode(progressive).size == (2000, 1500)
    start = time.process_time()
    with pytest.raises(ImageTooLargeError, match="scans"):
        pipeline.decode(with_repeated_scan(progressive, 500))
    assert time.process_time() - start < 1
    small = encode(textured(), progressive=True)
    assert pipeline.decode(with_repeated_scan(small, 500)).size == (64, 48)


PEAK_MEMORY = """
import sys
from pathlib import Path
from tests.fuzzing.worker import peak_bytes
from visionflow.images import decoding, pipeline
data = Path(sys.argv[1]).read_bytes()
decoding.register_heif()
before = peak_bytes()
pipeline.thumbnail(pipeline.decode(data))
print(peak_bytes() - before)
"""


def peak_of(path: Path) -> int:
    """Bytes that an image takes at most, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEAK_MEMORY, str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    return int(done.stdout)


@pytest.mark.parametrize(
    ("mode", "file_format", "options"),
    [
        ("RGBA", "WEBP", {"lossless": True}),
        ("RGBA", "PNG", {}),
        ("F", "TIFF", {"compression": "tiff_lzw"}),
        ("I;16", "TIFF", {"compression": "tiff_lzw"}),
        ("CMYK", "JPEG", {"progressive": True}),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
    ],
)
def test_the_largest_image_of_each_kind_stays_within_the_memory(
    mode: str, file_format: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """With an EXIF rotation, too."""
    probe = unpack(encode(Image.new(mode, (8, 8)), file_format, **options), DEFAULT_LIMITS)
    each = decoding.peak_bytes_per_pixel(decoding.open_image(probe), probe)
    most = DEFAULT_LIMITS.max_memory // each
    side = int(most**0.5)
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = {} if file_format == "TIFF" else {"exif": exif}
    path = tmp_path / "largest"
    path.write_bytes(encode(Image.new(mode, (side, side)), file_format, **options, **rotated))
    assert peak_of(path) < DEFAULT_LIMITS.max_memory * 1.1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("HEIF", {"quality": 10, "enc_params": {"preset": "ultrafast"}}),
        ("AVIF", {"quality": 10, "speed": 10}),
        ("JPEG2000", {"irreversible": True, "quality_layers": [40]}),
    ],
)
def test_other_formats_take_what_they_are_estimated_with(
    mode: str, file_format: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """Of one megapixel: to encode the largest that is accepted would take minutes."""
    data = encode(textured((1200, 900)).convert(mode), file_format, **options)
    (tmp_path / "image").write_bytes(data)
    decoding.register_heif()
    contents = unpack(data, DEFAULT_LIMITS)
    estimated = decoding.peak_bytes_per_pixel(decoding.open_image(contents), contents) * 1200 * 900
    assert peak_of(tmp_path / "image") < estimated + 5_000_000


def test_a_thumbnail_fits_and_is_never_enlarged() -> None:
    large = Image.open(io.BytesIO(pipeline.thumbnail(DecodedImage.of(textured((1000, 500))))))
    small = Image.open(io.BytesIO(pipeline.thumbnail(DecodedImage.of(plain(size=(20, 10))))))
    assert (large.format, large.size) == ("JPEG", (256, 128))
    assert small.size == (20, 10)


@pytest.mark.parametrize(
    ("file_format", "mime"),
    [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("HEIF", "image/heic")],
)
def test_the_media_type_is_what_the_bytes_say(file_format: str, mime: str) -> None:
    assert formats.media_type(encode(plain(), file_format)) == mime
