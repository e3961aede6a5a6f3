"""TIFF: the first page, without metadata, and what its samples mean.

Pillow reads some kinds of deep samples, and not by one rule. So a TIFF of more than 8 bits, of
signed or of floating samples is handed to it as grey bytes, of which `visionflow.images.samples`
makes the pixels.
"""

from dataclasses import replace

from visionflow.errors import UnreadableImageError
from visionflow.images.containers import orientation, tiff_layout, tiff_tags
from visionflow.images.containers.contents import MOST_METADATA, Contents, Samples
from visionflow.images.containers.tiff_tags import Directory
from visionflow.images.formats import refusal
from visionflow.images.limits import ImageLimits

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _BYTES, _PLANAR, _PREDICTOR = 273, 277, 279, 284, 317
_TILE_WIDTH, _TILE_OFFSETS, _TILE_BYTES, _EXTRA, _FORMAT = 322, 324, 325, 338, 339
_BLACKS, _WHITES = (340, 280), (341, 281)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
# What packs bytes of any meaning: none, LZW, deflate, PackBits, LZMA, Zstandard.
_OF_BYTES = (1, 5, 8, 32_946, 32_773, 34_925, 50_000)
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_DTYPES = {
    **{(_UNSIGNED, bits): f"u{bits // 8}" for bits in (16, 32)},
    **{(_SIGNED, bits): f"i{bits // 8}" for bits in (8, 16, 32)},
    **{(_FLOAT, bits): f"f{bits // 8}" for bits in (16, 32, 64)},
    (_UNSIGNED, 12): "packed12",
}
_PREMULTIPLIED, _OPACITY = 1, 2
_REDUCED, _OF_SENSOR = 1, (32_803, 34_892)


def walk(data: bytes, limits: ImageLimits) -> Contents:
    """The first page, without metadata."""
    directory = tiff_tags.image_tags(data, limits.max_parts)
    _refuse_raw(data, directory)
    scans = tiff_layout.check(directory, limits)
    turn = tiff_tags.orientation(data) or orientation.of_xmp(
        directory.content(tiff_tags.XMP, MOST_METADATA)
    )
    profile = directory.content(tiff_tags.PROFILE, MOST_METADATA) or None
    found = _samples(directory)
    if found is None:
        return Contents("TIFF", tiff_tags.image_only(directory), turn or 1, scans, profile)
    samples, files = found
    return Contents(
        "TIFF",
        files[0],
        turn or 1,
        scans,
        profile,
        replace(samples, planes=files[1:]),
    )


def _refuse_raw(data: bytes, directory: Directory) -> None:
    """A camera's raw file begins as a TIFF, often with a small preview in place of the image."""
    name = "CR2" if data[8:10] == b"CR" else None
    if tiff_tags.RAW_VERSION in directory:
        name = "DNG"
    elif directory.number(_PHOTOMETRIC) in _OF_SENSOR or (
        tiff_tags.SUB_DIRECTORIES in directory and directory.number(_SUBFILE) & _REDUCED
    ):
        maker = directory.content(271, 100).strip(b"\0 ").upper()
        name = {b"NIK": "NEF", b"SON": "ARW", b"PEN": "PEF"}.get(maker[:3], "TIFF")
    if name:
        raise refusal(f"a camera's raw file ({name})")


def _samples(directory: Directory) -> tuple[Samples, tuple[bytes, ...]] | None:
    """How deep samples are stored, and the files that hold their bytes as grey pixels; None for
    what Pillow reads by itself."""
    bits = set(directory.numbers(_BITS) or (1,))
    kinds = set(directory.numbers(_FORMAT) or (_UNSIGNED,))
    plain = max(bits) <= 8 and kinds <= {_UNSIGNED, 4}
    photometric = directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    if plain or photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return None
    colours = 3 if photometric == _RGB else 1
    count = directory.number(_SAMPLES, 1)
    kind = _UNSIGNED if kinds == {4} else next(iter(kinds))
    dtype = _DTYPES.get((kind, next(iter(bits))))
    if (
        len(bits) > 1
        or len(kinds) > 1
        or dtype is None
        or directory.number(_COMPRESSION, 1) not in _OF_BYTES
        or not colours <= count <= colours + 8
    ):
        text = " and ".join(map(str, sorted(bits)))
        raise UnreadableImageError(
            f"A TIFF with {count} samples of {text} bits in this coding is not accepted; send it "
            "as PNG or as a TIFF of 8, 16 or 32 bits instead."
        )
    separate = directory.number(_PLANAR, 1) == 2 and count > 1
    samples = _described(directory, dtype, count, colours)
    if not separate:
        return samples, (_as_bytes(directory, samples, None),)
    shown = [*range(colours), *([samples.alpha] if samples.alpha is not None else [])]
    files = tuple(_as_bytes(directory, samples, plane) for plane in shown)
    alpha = None if samples.alpha is None else colours
    return replace(samples, count=len(shown), alpha=alpha), files


def _described(directory: Directory, dtype: str, count: int, colours: int) -> Samples:
    extra = directory.numbers(_EXTRA)
    alpha = next((n for n, kind in enumerate(extra) if kind in (_PREMULTIPLIED, _OPACITY)), None)
    if colours == 3 and count == 4 and not extra:
        alpha = 0  # as Pillow reads it
    if alpha is not None and colours + alpha >= count:
        alpha = None
    lows = next((found for tag in _BLACKS if (found := directory.values(tag))), ())
    highs = next((found for tag in _WHITES if (found := directory.values(tag))), ())
    width, height = directory.number(_WIDTH), directory.number(_HEIGHT)
    low, high = min(lows, default=None), max(highs, default=None)
    if dtype == "packed12":
        high = 4095.0
    elif high is not None and (high <= (low or 0) or high >= 2.0**32 - 1 or _is_all(dtype, high)):
        low = high = None  # says nothing about the image
    return Samples(
        dtype if dtype == "packed12" else directory.order + dtype,
        (width, height),
        count,
        colours,
        None if alpha is None else colours + alpha,
        alpha is not None and bool(extra) and extra[alpha] == _PREMULTIPLIED,
        directory.number(_PREDICTOR, 1),
        directory.number(_TILE_WIDTH) or width,
        low,
        high,
        inverted=directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO,
    )


def _is_all(dtype: str, high: float) -> bool:
    """Whether ``high`` is just the largest number of the type."""
    return dtype[0] in "ui" and high == 2.0 ** (8 * int(dtype[1:]) - (dtype[0] == "i")) - 1


def _as_bytes(directory: Directory, samples: Samples, plane: int | None) -> bytes:
    """The file whose grey pixels are the bytes of all samples, or of those of one plane."""
    tiled = _TILE_WIDTH in directory
    offsets, sizes = (_TILE_OFFSETS, _TILE_BYTES) if tiled else (_OFFSETS, _BYTES)
    each = samples.count if plane is None else 1
    width = -(-samples.size[0] // samples.across) * samples.across
    changed = {
        _WIDTH: [bytes_of(samples.dtype, width * each)],
        _BITS: [8],
        _PHOTOMETRIC: [_BLACK_IS_ZERO],
        _SAMPLES: [1],
        _PLANAR: [1],
    }
    if tiled:
        changed[_TILE_WIDTH] = [bytes_of(samples.dtype, samples.across * each)]
    if plane is not None:
        for tag in (offsets, sizes):
            found = directory.numbers(tag)
            number = len(found) // samples.count
            changed[tag] = [*found[plane * number : (plane + 1) * number]]
    return tiff_tags.image_only(directory, changed, (_PREDICTOR, _EXTRA, _FORMAT, 320))


def bytes_of(dtype: str, count: int) -> int:
    """Bytes of ``count`` samples in a row."""
    if dtype == "packed12":
        return -(-count * 3 // 2)
    return count * int(dtype[-1])
