"""Where the time of a photo of 12 megapixels goes before the model sees it, and its alternatives.

Processor time, all in turns in one process. ``simplejpeg`` (its own libjpeg-turbo, the same pixels)
takes part where it is installed; the functions do not need it.
"""

import base64
import hashlib
import importlib
import importlib.util
import io
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import pybase64
from PIL import Image

from tests.benchmarks.contenders.worker import SIZES, photo
from tests.benchmarks.figures import Figure, Target, figure
from visionflow.images import containers, pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS

TURNS = 21
SPEC = InputSpec(224, 256)
SCALE = 4  # what serving decodes it at
QUALITY = 90
# Of the time of all scans.
MOST_OF_ALL_SCANS = 0.5

Work = Callable[[], object]


def milliseconds(works: dict[str, Work]) -> dict[str, float]:
    """The median processor time of each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append(1000 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def by_pillow(data: bytes, scale: int, *, whole: bool) -> Image.Image:
    """``whole``: libjpeg gets the file in one piece, not in Pillow's 64 KB."""
    image = Image.open(io.BytesIO(data), formats=("JPEG",))
    image.draft(None, (image.width // scale, image.height // scale))
    if whole:
        image.decodermaxblock = len(data)
    image.load()
    return image


def by_simplejpeg(data: bytes, scale: int) -> Image.Image:
    simplejpeg = importlib.import_module("simplejpeg")
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    least = {"min_height": -(-height // scale), "min_width": -(-width // scale), "min_factor": 1}
    pixels = simplejpeg.decode_jpeg(data, "RGB", **least)
    return Image.frombuffer("RGB", pixels.shape[1::-1], pixels, "raw", "RGB", 0, 1)


def steps(data: bytes) -> dict[str, float]:
    """From the body of a request to the tensor."""
    body = base64.b64encode(data).decode()
    image = pipeline.decode(data, SPEC)
    return milliseconds(
        {
            "base64": lambda: pybase64.b64decode(body, validate=True),
            "hash": lambda: hashlib.sha256(data).hexdigest(),
            "walk": lambda: containers.unpack(data, DEFAULT_LIMITS),
            "decode": lambda: by_pillow(data, SCALE, whole=True),
            "resize": lambda: pipeline.prepare(image, SPEC),
        }
    )


def decoders(data: bytes, scale: int) -> dict[str, float]:
    works: dict[str, Work] = {
        "Pillow, in one piece": partial(by_pillow, data, scale, whole=True),
        "Pillow, in pieces": partial(by_pillow, data, scale, whole=False),
    }
    if importlib.util.find_spec("simplejpeg"):
        works["simplejpeg, as a Pillow image"] = partial(by_simplejpeg, data, scale)
    return milliseconds(works)


def in_scans(data: bytes) -> bytes:
    """The same photo as a progressive JPEG."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).save(buffer, "JPEG", quality=QUALITY, progressive=True)
    return buffer.getvalue()


def report() -> tuple[Figure, ...]:
    return tuple(_figures())


def _figures() -> Iterator[Figure]:
    n = f"median of {TURNS} turns, processor time"
    large = photo(SIZES["12 MP"])
    what = "12 MP JPEG, bytes to tensor (224 px): where the time goes"
    yield figure("serving latency", what, steps(large), "ms", n=n, seed=0)
    scales = {scale: partial(by_pillow, large, scale, whole=True) for scale in (8, 4, 2, 1)}
    found = milliseconds({f"1/{scale}": work for scale, work in scales.items()})
    what = "12 MP JPEG, decoding alone, by scale (1/8 is too coarse for a tensor of 224 px)"
    yield figure("serving latency", what, found, "ms", n=n, seed=0)
    for size, scale in (("12 MP", SCALE), ("0.3 MP", 1)):
        what = f"{size} JPEG, decoding alone at 1/{scale}"
        found = decoders(photo(SIZES[size]), scale)
        yield figure("serving latency", what, found, "ms", n=n, seed=0)
    progressive = in_scans(large)
    found = milliseconds(
        {
            "needed scans, as served": lambda: pipeline.decode(progressive, SPEC),
            "all scans": lambda: by_pillow(progressive, SCALE, whole=True),
        }
    )
    what = "12 MP progressive JPEG, bytes to pixels at 1/4"
    yield figure("serving latency", what, found, "ms", n=n, seed=0)
    share = found["needed scans, as served"] / found["all scans"]
    target = Target("at most", MOST_OF_ALL_SCANS)
    what += ": time of the needed scans against all"
    yield figure("serving latency", what, share, "x", target=target, n=n, seed=0)
