"""The runner for devices on a folder of photos: rate, processor time and memory, as a process from
its start to its end, against the loop that one would write, in turns on the same cores.

The photos are those of `imagenet1000-samples.tar` in ``VISIONFLOW_DATA``; without it they are
drawn.
"""

import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import visionflow_starter
from tests.benchmarks.figures import Figure, Target, figure
from tests.images import encode, textured

TURNS, IMAGES, CORES = 3, 1_000, 2
LEAST_PER_SECOND, MOST_MB = 100, 150
STARTER = str(Path(visionflow_starter.__path__[0]))
OURS, PEER = "runner", "loop of Pillow and ONNX Runtime"
LOOP = str(Path(__file__).parent / "contenders" / "photo_loop.py")
# Linux counts the memory of the process that starts another among the most that this one had, and a
# benchmark's is large: a small one stands between.
START = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
code = process.returncode = os.waitstatus_to_exitcode(status)
used = usage.ru_utime + usage.ru_stime
print(json.dumps([code, seconds, used, usage.ru_maxrss / 1024]))
"""


@dataclass(frozen=True)
class Took:
    """Of one process for all images."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def photos(into: Path) -> str:
    """Unpack `IMAGES` files; returns what they are."""
    archive = Path(os.environ.get("VISIONFLOW_DATA", "")) / "imagenet1000-samples.tar"
    if not archive.is_file():
        for number in range(IMAGES):
            data = encode(textured((320, 240), number))
            (into / f"{number:04}.jpg").write_bytes(data)
        return f"{IMAGES:,} drawn images of 320 x 240"
    with tarfile.open(archive) as tar:
        members = [one for one in tar.getmembers() if one.isfile()][:IMAGES]
        for number, member in enumerate(members):
            file = tar.extractfile(member)
            (into / f"{number:04}.jpg").write_bytes(file.read() if file else b"")
    return f"{len(members):,} photos of {archive.name}"


def run(arguments: list[str], out: Path) -> Took:
    """Raises `RuntimeError` for a process that fails or leaves images out."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", START, *arguments], stdout=subprocess.PIPE, check=True
    )
    code, *took = json.loads(done.stdout)
    lines = len(out.read_text(encoding="utf-8").splitlines())
    if code or lines != IMAGES:
        raise RuntimeError(f"{arguments}: code {code}, {lines} of {IMAGES} lines")
    return Took(*took)


def measured(folder: Path) -> dict[str, list[Took]]:
    """Both in turns. The files were just written, so nobody reads them from the disk."""
    found: dict[str, list[Took]] = {OURS: [], PEER: []}
    out, journal = folder / "out.jsonl", folder / "journal.db"
    commands = {
        OURS: ["-m", "visionflow.edge", STARTER, str(folder / "photos"), "--journal", str(journal)],
        PEER: [LOOP, STARTER, str(folder / "photos")],
    }
    for _ in range(TURNS):
        for name, arguments in commands.items():
            for file in folder.glob("*.*"):
                file.unlink()
            found[name].append(run([sys.executable, *arguments, "--out", str(out)], out))
    return found


def report() -> tuple[Figure, ...]:
    cores = set(sorted(os.sched_getaffinity(0))[:CORES])
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "photos").mkdir()
            what = photos(folder / "photos")
            return tuple(_figures(measured(folder), what, len(cores)))
    finally:
        os.sched_setaffinity(0, before)


def _figures(found: dict[str, list[Took]], what: str, cores: int) -> Iterator[Figure]:
    n = f"{what}, median of {TURNS} turns, the process from its start to its end"
    runner = f"the device runner with its journal, starter, from a folder, {cores} cores"

    def medians(of: str, scale: float = 1.0) -> dict[str, float]:
        return {
            name: scale * statistics.median(getattr(one, of) for one in took)
            for name, took in found.items()
        }

    rates = {name: IMAGES / seconds for name, seconds in medians("seconds").items()}
    target = Target("at least", LEAST_PER_SECOND)
    yield figure("throughput", runner, rates, "images/s", target=target, n=n, seed=0)
    times = medians("processor_seconds", 1000 / IMAGES)
    what = f"{runner}: processor time of an image"
    yield figure("throughput", what, times, "ms", n=n, seed=0)
    target = Target("at most", MOST_MB)
    what = f"{runner}: most resident memory"
    yield figure("memory", what, medians("peak_mb"), "MB", target=target, n=n, seed=0)
