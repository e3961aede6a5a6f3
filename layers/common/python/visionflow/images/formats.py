"""The one table of formats: what is accepted, and what other files people send are called.

Everything that asks for a format goes by it: recognition by the first bytes, content types of
uploads and answers, suffixes of files, the choice of files in the dashboard (by
`infra.generators`). The patterns are read by Python and by JavaScript, one character a byte.
"""

import re
from dataclasses import dataclass

from visionflow.errors import UnreadableImageError

UNKNOWN_TYPE = "application/octet-stream"

_BRAND = r".{4}ftyp(?:.{4}){0,16}?"
# Far enough for the marks of archives, medical images and text.
_LOOKED_AT = 1024


@dataclass(frozen=True)
class Format:
    """``name`` is Pillow's. The first of ``suffixes`` and ``types`` are what files and answers get;
    the others are what senders use as well. ``signature``: a pattern of the first bytes."""

    name: str
    signature: str
    suffixes: tuple[str, ...]
    types: tuple[str, ...]


ACCEPTED = (
    Format(
        "JPEG",
        r"\xff\xd8\xff",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".mpo"),
        ("image/jpeg", "image/jpg", "image/pjpeg"),
    ),
    Format("PNG", r"\x89PNG\r\n\x1a\n", (".png", ".apng"), ("image/png", "image/apng")),
    Format("WEBP", r"RIFF.{4}WEBP", (".webp",), ("image/webp",)),
    Format("GIF", r"GIF8[79]a", (".gif",), ("image/gif",)),
    Format("BMP", r"BM", (".bmp", ".dib"), ("image/bmp", "image/x-ms-bmp")),
    Format(
        "TIFF",
        r"II\*\x00|MM\x00\*|II\+\x00\x08\x00\x00\x00|MM\x00\+\x00\x08\x00\x00",
        (".tif", ".tiff"),
        ("image/tiff",),
    ),
    # Before HEIF, whose general brands an AVIF has as well.
    Format("AVIF", _BRAND + r"avi[fs]", (".avif",), ("image/avif",)),
    Format(
        "HEIF",
        # The brands of ISO/IEC 23008-12 for images in HEVC, as phones write, and for any codec.
        _BRAND + r"(?:hei[cxms]|hev[cx]|mif1|msf1)",
        (".heic", ".heif", ".hif"),
        ("image/heic", "image/heif"),
    ),
    Format(
        "JPEG2000",
        r"\x00\x00\x00\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51",
        (".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c"),
        ("image/jp2",),
    ),
)
BY_NAME = {one.name: one for one in ACCEPTED}
ACCEPTED_FORMATS = tuple(BY_NAME)
ACCEPTED_TYPES = frozenset(kind for one in ACCEPTED for kind in one.types)
IMAGE_SUFFIXES = frozenset(suffix for one in ACCEPTED for suffix in one.suffixes)
TITLES = {"HEIF": "HEIC", "WEBP": "WebP", "JPEG2000": "JPEG 2000"}
_NAMES = ", ".join(TITLES.get(name, name) for name in ACCEPTED_FORMATS)

_RAW = "a camera's raw file"
# What else people send, by its first bytes: how to call it.
_OTHERS = (
    (r"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (r"II\xbc", "JPEG XR"),
    (r"\xff\xd8", "a damaged JPEG"),
    (r"8BPS", "a Photoshop document (PSD)"),
    (r"gimp xcf", "a GIMP document (XCF)"),
    (r"v/1\x01", "OpenEXR"),
    (r"#\?(?:RADIANCE|RGBE)", "Radiance HDR"),
    (r"\x00\x00\x01\x00", "an icon (ICO)"),
    (r"\x00\x00\x02\x00[^\x00]", "a cursor (CUR)"),
    (r"icns", "an icon (ICNS)"),
    (r"[\s\S]{0,512}?%PDF-", "a PDF document"),
    (r"%!PS|\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (r"AT&TFORM", "DjVu"),
    (_BRAND + r"crx ", f"{_RAW} (CR3)"),
    (r"FUJIFILMCCD-RAW", f"{_RAW} (RAF)"),
    (r"II\x55\x00", f"{_RAW} (RW2)"),
    (r"IIRO|IIRS|MMOR", f"{_RAW} (ORF)"),
    (r"II\x1a\x00\x00\x00HEAPCCDR", f"{_RAW} (CRW)"),
    (r"FOVb", f"{_RAW} (X3F)"),
    (r"\x00MRM", f"{_RAW} (MRW)"),
    (r".{128}DICM", "a medical image (DICOM)"),
    (r"SIMPLE {2}=", "an astronomical image (FITS)"),
    (r"(?:.{344})n[+i]1\x00", "a medical image (NIfTI)"),
    (r"\x89HDF\r\n", "HDF5"),
    (r"\x93NUMPY", "a NumPy array"),
    (r"P[1-7][\s#]|P[Ff]\n", "a Netpbm image (PPM, PGM, PBM or PAM)"),
    (r"\n[\x00-\x05]\x01[\x01-\x08]", "PCX"),
    (r"DDS ", "DDS"),
    (r"qoif", "QOI"),
    (r"BPG\xfb", "BPG"),
    (r"FLIF", "FLIF"),
    (r"\x8a[MJ]NG", "MNG or JNG"),
    (r"\x01\xda[\x00\x01][\x01\x02]", "an SGI image"),
    (r"\x59\xa6\x6a\x95", "a Sun raster image"),
    (r"\xd7\xcd\xc6\x9a|\x01\x00\x00\x00.{36} EMF", "a Windows metafile (WMF or EMF)"),
    (r"PK(?:\x03\x04|\x05\x06)", "a ZIP archive or an Office document"),
    (r"\x1f\x8b", "a gzip archive"),
    (r"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (r"Rar!", "a RAR archive"),
    (r"BZh[1-9]", "a bzip2 archive"),
    (r"\xfd7zXZ", "an xz archive"),
    (r".{257}ustar", "a tar archive"),
    (r"\xd0\xcf\x11\xe0", "an Office document"),
    (_BRAND, "a video (MP4 or MOV)"),
    (r".{4}(?:moov|mdat|wide)", "a video (MOV)"),
    (r"RIFF.{4}AVI |\x1a\x45\xdf\xa3|\x00\x00\x01[\xb3\xba]|FLV\x01|\x30\x26\xb2\x75", "a video"),
    (r"RIFF|ID3|OggS|fLaC", "a sound"),
    (r"version https://git-lfs", "a pointer of Git LFS; fetch its file (git lfs pull)"),
    (r"data:image/", "text (a data URL)"),
    (r"/9j/|iVBORw0KGgo|R0lGOD|UklGR", "text (base64)"),
    (r"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,400}?-->\s*)?<svg", "SVG, a drawing"),
    (r"(?:\xef\xbb\xbf)?\s*<\?xml.{0,900}?<svg", "SVG, a drawing"),
    (r"(?:\xef\xbb\xbf)?\s*(?i:<!doctype html|<html|<head|<body)", "a web page (HTML)"),
    (r"(?:\xef\xbb\xbf)?\s*<\?xml", "text (XML)"),
)
_ALL = [(one, re.compile(one.signature.encode("latin-1"), re.DOTALL)) for one in ACCEPTED]
_NAMED = [(re.compile(pattern.encode("latin-1"), re.DOTALL), title) for pattern, title in _OTHERS]
_TGA_END = b"TRUEVISION-XFILE.\0"
# How many bytes the header of a BMP may say that it has, at byte 14.
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def format_of(data: bytes) -> str:
    """Which of `ACCEPTED_FORMATS` the first bytes announce.

    Raises `UnreadableImageError`, which says what the file is instead.
    """
    for one, signature in _ALL:
        if signature.match(data):
            return one.name
    raise refusal(_title(data))


def begins_as_image(start: bytes) -> bool:
    """Whether a file whose first bytes, 64 or more, are ``start`` is an image, whatever it is
    called. More than `format_of` asks for, which takes the two letters that begin a BMP for one:
    a text may begin with them."""
    try:
        found = format_of(start)
    except UnreadableImageError:
        return False
    return found != "BMP" or int.from_bytes(start[14:18], "little") in _BMP_HEADERS


def refusal(title: str) -> UnreadableImageError:
    """The error for a file that is called ``title``."""
    return UnreadableImageError(
        f"This is {title}, not an image in an accepted format; send {_NAMES} instead."
    )


def media_type(data: bytes) -> str:
    """The MIME type by the first bytes, whatever the sender's Content-Type was.

    Raises `UnreadableImageError`.
    """
    return BY_NAME[format_of(data)].types[0]


def suffix_of(data: bytes) -> str:
    """What the name of a file with this content ends in, with the dot.

    Raises `UnreadableImageError`.
    """
    return BY_NAME[format_of(data)].suffixes[0]


def _title(data: bytes) -> str:
    start = data[:_LOOKED_AT]
    if not start.strip(b"\0"):
        return "a file of zeros, as an interrupted copy leaves them"
    for pattern, title in _NAMED:
        if pattern.match(start):
            return title
    if data.endswith(_TGA_END):
        return "Targa (TGA)"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_text(start):
        return "text"
    return "an unknown kind of file"


def _is_text(start: bytes) -> bool:
    return not _CONTROL.search(start) and start.decode("utf-8", "ignore").strip() != ""
