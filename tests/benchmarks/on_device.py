"""The engine of the page in headless Chromium: its time, and its answers beside Python's.

Photos are read from the archives in ``$VISIONFLOW_DATA``. The page is isolated as on AWS, so that
two cores have two threads, and once more as in browsers that cannot be.
"""

import base64
import os
import statistics
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.contenders.site import build, served
from tests.benchmarks.figures import Figure, Target, figure
from tests.e2e.dashboard import launch
from tests.e2e.engine import classify, open_engine
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import load
from visionflow.models.manifest import read_manifest
from visionflow_starter import STARTER

OWN, OTHERS = "imagenet1000-samples.tar", "general20.tar"
"""Photos of the starter's own classes, and of twenty classes of other sets."""
PHOTOS = {OWN: 500, OTHERS: 60}
FRAMES = 100
FRAME = (640, 480)
OPENINGS = 5

# As a camera does it: an image by an image, each when the answer to the one before is there.
_FRAMES = """async ([photos, count, width, height]) => {
    const stills = [];
    for (const photo of photos) {
        const bytes = Uint8Array.from(atob(photo), (character) => character.charCodeAt(0));
        stills.push(await createImageBitmap(new Blob([bytes]), {
            resizeWidth: width, resizeHeight: height,
        }));
    }
    const long = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries()));
    const times = [];
    const last = {};
    for (let n = -5; n < count; n++) {
        if (n === 0) observer.observe({ type: "longtask" });
        const frame = await createImageBitmap(stills[(n + 5) % stills.length]);
        const start = performance.now();
        const { milliseconds } = await engine.frame(frame);
        if (n >= 0) times.push({ all: performance.now() - start, ...milliseconds });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    long.push(...observer.takeRecords());
    observer.disconnect();
    return { times, long: long.map(({ duration }) => duration) };
}"""

_TENSOR = """async ([photo, input]) => {
    const { Preparation } = await import(new URL("lib/pixels.js", document.baseURI).href);
    const bytes = Uint8Array.from(atob(photo), (character) => character.charCodeAt(0));
    const { tensor } = await new Preparation(input).still(new Blob([bytes]));
    return btoa(Array.from(tensor, (byte) => String.fromCharCode(byte)).join(""));
}"""


@dataclass(frozen=True)
class Timed:
    """Milliseconds of each frame; the long tasks of the page's thread meanwhile; of each opening
    from the cache."""

    threads: int
    frames: list[dict[str, float]]
    long_tasks: list[float]
    openings: list[float]

    def median(self, part: str) -> float:
        return statistics.median(frame[part] for frame in self.frames)


@dataclass(frozen=True)
class Compared:
    """Of one photo, in the page and in Python; ``same_twice``: in Python with and without ONNX
    Runtime's own layout of what is not int8."""

    same_best: bool
    same_answer: bool
    same_twice: bool
    confidence_gap: float
    grey_levels: float


def photos(name: str) -> list[bytes]:
    """JPEGs of an archive, spread over it."""
    with tarfile.open(Path(os.environ["VISIONFLOW_DATA"]) / name) as archive:
        members = [one for one in archive.getmembers() if one.name.endswith((".jpg", ".JPEG"))]
        members.sort(key=lambda one: one.name)
        files = [
            archive.extractfile(members[place * len(members) // PHOTOS[name]])
            for place in range(PHOTOS[name])
        ]
        return [file.read() for file in files if file is not None]


@contextmanager
def page_of(browser: Browser, folder: Path, *, isolated: bool) -> Iterator[Page]:
    with served(folder, STARTER, isolated=isolated) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/index.html#/account")
        yield page
        context.close()


def timed(page: Page, data: list[bytes]) -> Timed:
    open_engine(page)
    openings = []
    for _ in range(OPENINGS):
        page.reload()
        openings.append(open_engine(page))
    assert all("code" not in opening for opening in openings), openings
    stills = [base64.b64encode(one).decode() for one in data[:: len(data) // 10]]
    found = page.evaluate(_FRAMES, [stills, FRAMES, *FRAME])
    took = [opening["milliseconds"] for opening in openings]
    return Timed(openings[0]["threads"], found["times"], found["long"], took)


def plain_session() -> InferenceSession:
    """The starter as Python opens it, without the last level of its optimisations."""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    file = STARTER / read_manifest(STARTER).served_file.path
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def compared(page: Page, classifier: Classifier, plain: InferenceSession, data: bytes) -> Compared:
    spec = classifier.manifest.input
    tensor = load(data, spec)
    (there,) = classifier.classify(tensor[None])
    here = classify(page, data)
    settings = {"size": spec.size, "resize": spec.resize, "interpolation": spec.interpolation}
    photo = base64.b64encode(data).decode()
    pixels = base64.b64decode(page.evaluate(_TENSOR, [photo, settings]))
    mine = np.frombuffer(pixels, np.uint8).reshape(tensor.shape).astype(np.int16)
    best = there.scores[0]
    (logits,) = plain.run(["logits"], {"image": tensor[None]})
    again = classifier.manifest.label_names[int(logits.argmax())]
    return Compared(
        here["topK"][0]["label"] == best.label,
        (here["label"], here["unknownReason"]) == (there.label, there.unknown),
        again == best.label,
        abs(here["topK"][0]["confidence"] - best.confidence),
        float(np.abs(mine - tensor).mean()),
    )


def report() -> tuple[Figure, ...]:
    own, others = photos(OWN), photos(OTHERS)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        build(folder)
        browser = launch(playwright)
        with page_of(browser, folder, isolated=True) as page:
            isolated = timed(page, own)
        with page_of(browser, folder, isolated=False) as page:
            alone = timed(page, own)
            classifier, plain = Classifier.open(STARTER), plain_session()
            pairs = [compared(page, classifier, plain, one) for one in own]
            strange = [compared(page, classifier, plain, one) for one in others]
        version = browser.version
        browser.close()
    return (*_times(isolated, alone, version), *_answers(pairs, strange))


def _times(isolated: Timed, alone: Timed, version: str) -> Iterator[Figure]:
    where = f"starter in headless Chromium {version.partition('.')[0]}, one worker"
    yield figure(
        "dashboard",
        f"{where}: a camera's frame of {FRAME[0]} x {FRAME[1]} to its answer",
        {
            f"isolated ({_threads(isolated)})": isolated.median("all"),
            "of it the network": isolated.median("infer"),
            f"not isolated ({_threads(alone)})": alone.median("all"),
            "of it the network alone": alone.median("infer"),
        },
        "ms",
        target=Target("at most", 60),
        n=f"median of {FRAMES} frames",
    )
    long_tasks = [*isolated.long_tasks, *alone.long_tasks]
    yield figure(
        "dashboard",
        f"{where}: tasks over 50 ms on the page's thread meanwhile",
        {"tasks": len(long_tasks)},
        "",
        target=Target("at most", 0),
        n=f"{2 * FRAMES} frames",
    )
    yield figure(
        "dashboard",
        f"{where}: ready from the cache after a reload",
        {
            f"isolated ({_threads(isolated)})": statistics.median(isolated.openings),
            f"not isolated ({_threads(alone)})": statistics.median(alone.openings),
        },
        "ms",
        target=Target("at most", 1_500),
        n=f"median of {OPENINGS}",
    )


def _threads(found: Timed) -> str:
    return f"{found.threads} thread{'s' if found.threads > 1 else ''}"


def _answers(pairs: list[Compared], strange: list[Compared]) -> Iterator[Figure]:
    n = f"{len(pairs)} photos of its classes, {len(strange)} of other sets"
    what = "the starter in the page beside visionflow in Python"
    yield figure(
        "accuracy",
        f"{what}: the same best label",
        {
            "its classes": _percent(pair.same_best for pair in pairs),
            "other sets": _percent(pair.same_best for pair in strange),
            "Python beside itself at another level of optimisation": _percent(
                pair.same_twice for pair in pairs
            ),
            "of other sets": _percent(pair.same_twice for pair in strange),
        },
        "%",
        target=Target("at least", 99.5),
        n=n,
    )
    yield figure(
        "accuracy",
        f"{what}: the same label, parent or reason of unknown",
        {
            "its classes": _percent(pair.same_answer for pair in pairs),
            "other sets": _percent(pair.same_answer for pair in strange),
        },
        "%",
        n=n,
    )
    gaps = [pair.confidence_gap for pair in (*pairs, *strange)]
    yield figure(
        "accuracy",
        f"{what}: difference of the best label's confidence",
        {"mean": statistics.mean(gaps), "largest": max(gaps)},
        "",
        target=Target("at most", 0.02),
        n=n,
    )
    levels = [pair.grey_levels for pair in (*pairs, *strange)]
    yield figure(
        "accuracy",
        f"{what}: difference of the tensor, in grey levels of 255",
        {"mean": statistics.mean(levels), "largest of a photo": max(levels)},
        "",
        target=Target("at most", 2),
        n=n,
    )


def _percent(same: Iterable[bool]) -> float:
    return 100 * statistics.mean(same)
