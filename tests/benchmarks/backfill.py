"""Backfills against the way through the queue, on one local cloud and in turns.

python -m tests.benchmarks backfill                      # some hundred images a turn
python -m tests.benchmarks.backfill --images 20000 --faults   # so many, also with faults

The images are those of `general20.tar` in ``VISIONFLOW_DATA``, over and over; without it they are
drawn. Each turn has images of its own: the queue's are dropped while nobody takes from it, and
timed from the moment that somebody does to the empty queue; a backfill is timed by the API's
client.
"""

import argparse
import io
import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.benchmarks import readme
from tests.benchmarks.figures import FOLDER, Figure, ResultFile, Run, Target, figure
from tests.e2e import backfill
from tests.e2e.cloud import Cloud, Record
from tests.e2e.conftest import free_port, visionflow
from tests.images import encode, textured
from visionflow.backfills.price import Counted, Setting, estimate
from visionflow.backfills.request import Work
from visionflow.costs.amounts import MB_PER_VCPU

TURNS, IMAGES, WARM, SEED = 3, 900, 60, 0
POISON, KILLS = 0.02, 4
MILLION, TYPICAL_BYTES = 1_000_000, 90_448


def real_images(count: int) -> tuple[list[bytes], str]:
    """So many images, and what they are."""
    archive = Path(os.environ.get("VISIONFLOW_DATA", "")) / "general20.tar"
    if not archive.is_file():
        return [encode(textured((320, 240), seed)) for seed in range(count)], "drawn, 320 x 240"
    with tarfile.open(archive) as tar:
        names = [one for one in tar.getmembers() if one.isfile()]
        found = [
            io.BytesIO(file.read()).getvalue()
            for one in names[:count]
            if (file := tar.extractfile(one)) is not None
        ]
    return list(islice(cycle(found), count)), f"photographs of {archive.name}"


@contextmanager
def local_cloud() -> Iterator[Cloud]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        up = visionflow("up", "--detach", "--json", "--port", str(free_port()), state=state)
        if up.returncode != 0:
            raise RuntimeError(up.stderr)
        try:
            workspace = Workspace(state=state)
            running = emulator.running(workspace)
            if running is None:
                raise RuntimeError("the local cloud ended by itself")
            yield Cloud(state, running, read_outputs(workspace.outputs), {})
        finally:
            visionflow("down", state=state)


def through_the_queue(cloud: Cloud, datas: list[bytes], prefix: str) -> float:
    """Seconds from the first delivery to the empty queue."""
    with backfill.unannounced(cloud, forever=False):
        backfill.drop(cloud, backfill.images(datas, prefix, 0))
        backfill.all_announced(cloud, len(datas))
    began = time.monotonic()
    cloud.wait_until_idle(60 + len(datas))
    return time.monotonic() - began


def by_backfill(cloud: Cloud, source: str, into: str, images: int) -> tuple[float, Record]:
    """Seconds from the request to the end, and the backfill."""
    began = time.monotonic()
    source = f"s3://{cloud.outputs.images_bucket}/{source}"
    started = backfill.post(cloud, "/backfills", source=source, into=into)["backfill"]
    view = backfill.wait(cloud, started["id"], 60 + images)
    seconds = time.monotonic() - began
    progress = view["progress"]
    assert (view["state"], progress["skipped"], progress["left"]) == ("done", 0, 0), view
    return seconds, view


def turn(cloud: Cloud, datas: list[bytes], name: str) -> tuple[dict[str, float], Record]:
    """Images a second of each way, and the backfill into files."""
    queue = through_the_queue(cloud, datas, f"uploads/queue-{name}/")
    files, view = by_backfill(cloud, f"uploads/queue-{name}/", "files", len(datas))
    prefix = f"uploads/records-{name}/"
    with backfill.unannounced(cloud):
        backfill.drop(cloud, backfill.images(datas, prefix, 0))
        backfill.all_announced(cloud, len(datas))
    records, _ = by_backfill(cloud, prefix, "records", len(datas))
    seconds = {"queue": queue, "files": files, "records": records}
    return {way: len(datas) / taken for way, taken in seconds.items()}, view


def faulty(cloud: Cloud, datas: list[bytes]) -> list[Figure]:
    found = []
    prefix = "uploads/faulty/"
    with backfill.unannounced(cloud):
        versions = backfill.drop(cloud, backfill.images(datas, prefix, POISON, SEED))
        backfill.all_announced(cloud, len(datas))
    poison = sum(image.code is not None for image in versions.values())
    for into in ("files", "records"):
        outcome = backfill.run(
            cloud, versions, prefix, into=into, kills=KILLS, cancel=True, seed=SEED
        )
        assert (outcome.missing, outcome.repeated, outcome.wrong) == (0, 0, 0), outcome
        states = [event["state"] for event in outcome.view["history"]]
        values = {
            "images without a result": float(outcome.missing),
            "with more than one": float(outcome.repeated),
            "failed wrongly, or not failed": float(outcome.wrong),
            "faults": float(outcome.faults.total()),
            "times cancelled and resumed": float(states.count("cancelled")),
        }
        found.append(
            figure(
                "robustness",
                f"backfill into {into} under faults: outcome",
                values,
                "",
                target=Target("at most", 0),
                n=f"{len(datas):,} images, {poison} of them invalid",
                seed=SEED,
                note=", ".join(f"{fault}: {n}" for fault, n in sorted(outcome.faults.items())),
            )
        )
    return found


def price(into: str) -> float:
    """Dollars of a million images of 0.3 megapixels."""
    work = Work("s3://a/b", "listing", ("a/1",), "files", None, 100, None, None)
    work = Work(**{**vars(work), "into": into})
    counted = Counted(MILLION, MILLION * TYPICAL_BYTES, exact=True)
    return estimate(work, counted, Setting("us-east-1", "x86_64", MB_PER_VCPU)).usd


def report(images: int = IMAGES, *, faults: bool = False) -> tuple[Figure, ...]:
    """``faults``: also with poison, killed workers, throttling and a cancellation."""
    datas, kind = real_images(images)
    each = images // TURNS
    with local_cloud() as cloud:
        turn(cloud, datas[:WARM], "warm")
        turns = [
            turn(cloud, datas[number * each : (number + 1) * each], str(number))
            for number in range(TURNS)
        ]
        robust = faulty(cloud, datas) if faults else []
    rates = {way: [found[way] for found, _ in turns] for way in ("queue", "files", "records")}
    n = f"{TURNS} turns of {each:,} {kind}"
    ratio = {
        f"into {into}": statistics.median(
            a / b for a, b in zip(rates[into], rates["queue"], strict=True)
        )
        for into in ("files", "records")
    }
    view = turns[-1][1]
    said, was = view["estimate"], view["progress"]
    off = {
        "price": abs(said["usd"] / was["spent_usd"] - 1) * 100,
        "time": abs(said["seconds"] / was["active_seconds"] - 1) * 100,
    }
    return (
        figure(
            "throughput",
            "backfill against S3 -> SQS, images a second",
            ratio,
            "times",
            target=Target("at least", 1.5),
            n=n,
        ),
        figure(
            "throughput",
            "images a second on the local cloud",
            {way: statistics.median(found) for way, found in rates.items()},
            "images/s",
            n=n,
        ),
        figure(
            "costs",
            "backfill: what was said beforehand against what it took",
            off,
            "%",
            target=Target("at most", 15),
            n=f"the last of {n}",
        ),
        figure(
            "costs",
            "a million images of 0.3 MP by a backfill",
            {"into files": price("files"), "into records": price("records")},
            "USD",
            target=Target("at most", 2),
        ),
        *robust,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    command = f"python -m tests.benchmarks.backfill --images {given.images}"
    load, _, _ = os.getloadavg()
    found = report(given.images, faults=given.faults)
    run = Run.now(command + " --faults" * given.faults, found, load)
    ResultFile((run,)).write(FOLDER / "backfill.json")
    readme.main([])
    for one in found:
        print(one.group, one.what, one.values, one.unit, one.n, one.note)
