"""The time that a colour profile takes from bytes to tensor and thumbnail.

``python -m tests.benchmarks colours``. Processor time, with and without the profile in turns.
"""

import io
import statistics
import time
from collections.abc import Mapping

from PIL import Image, ImageCms

from tests.benchmarks.contenders.worker import photo
from tests.benchmarks.figures import Figure, figure
from tests.profiles import ADOBE_RGB, DISPLAY_P3, of_inks, of_space
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec

TURNS = 31
SPEC = InputSpec(224, 256)
SIZES = {"0.3 MP": (640, 480), "12 MP": (4000, 3000)}
PROFILES: Mapping[str, bytes] = {
    "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "Display P3": of_space(DISPLAY_P3),
    "Adobe RGB": of_space(ADOBE_RGB),
    "CMYK, table": of_inks(),
}


def seconds(data: bytes) -> float:
    """Processor time of bytes to tensor and thumbnail."""
    start = time.process_time()
    image = pipeline.decode(data, SPEC)
    pipeline.prepare(image, SPEC)
    pipeline.thumbnail(image)
    return time.process_time() - start


def report() -> tuple[Figure, ...]:
    """Median ratios by size and profile; the first conversion of each is left out."""
    figures = []
    for name, size in SIZES.items():
        original = photo(size)
        ratios, milliseconds = {}, {}
        for space, profile in PROFILES.items():
            image: Image.Image = Image.open(io.BytesIO(original))
            if space.startswith("CMYK"):
                image = image.convert("CMYK")
            files = [_file(image, None), _file(image, profile)]
            for data in files:
                seconds(data)
            times = [tuple(map(seconds, files)) for _ in range(TURNS)]
            ratios[space] = statistics.median(after / before for before, after in times)
            milliseconds[space] = 1000 * statistics.median(
                after - before for before, after in times
            )
        for values, what, unit in (
            (ratios, "time with a profile against without", "x"),
            (milliseconds, "what the profile adds", "ms"),
        ):
            figures.append(
                figure(
                    "serving latency",
                    f"JPEG of {name}, bytes to tensor (224 px) and thumbnail: {what}",
                    values,
                    unit,
                    n=f"median of {TURNS} turns, processor time",
                    seed=0,
                )
            )
    return tuple(figures)


def _file(image: Image.Image, profile: bytes | None) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, icc_profile=profile)
    return buffer.getvalue()
