"""Lighthouse's mobile preset on every page, of a local cloud with records.

Lighthouse comes from npm when this runs; Chromium has to be installed. The page and the API are
behind a server that does what CloudFront does on AWS (`contenders/front.mjs`).
"""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.benchmarks.figures import Figure, Target, figure
from tests.e2e.conftest import free_port, visionflow

PAGES = {
    "Live": "",
    "Over time": "over-time",
    "Cost": "cost",
    "Predict": "predict",
    "History": "history",
    "Accuracy": "accuracy",
    "Models": "models",
    "Data": "data",
    "Training": "training",
    "Access": "access",
    "Account": "account",
}
LIGHTHOUSE = "lighthouse@12.8.2"
RUNS = 3
CATEGORIES = ("performance", "accessibility", "best-practices")
CHROMIUM = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--ignore-certificate-errors",
)
FRONT = Path(__file__).parent / "contenders" / "front.mjs"
LEAST_PERFORMANCE = 90


@dataclass(frozen=True)
class Scores:
    """Of one run, in points of 100; ``index`` is how fast Lighthouse found the machine."""

    performance: float
    accessibility: float
    best_practices: float
    index: float


@contextmanager
def front(backend: str, folder: Path) -> Iterator[str]:
    """Its address."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    with subprocess.Popen(
        [shutil.which("node") or "node", FRONT, key, certificate, backend],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield f"https://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def scores(address: str, report: Path) -> Scores:
    subprocess.run(
        [
            *("npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"),
            f"--output-path={report}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags={' '.join(CHROMIUM)}",
        ],
        check=True,
        capture_output=True,
        env=os.environ | {"CHROME_PATH": shutil.which("chromium") or ""},
    )
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    performance, accessibility, practices = (
        100 * found["categories"][name]["score"] for name in CATEGORIES
    )
    return Scores(performance, accessibility, practices, found["environment"]["benchmarkIndex"])


def report() -> tuple[Figure, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = folder / "state"
        up = visionflow("up", "--detach", "--json", "--port", str(free_port()), state=state)
        if up.returncode != 0:
            raise RuntimeError(up.stderr)
        try:
            page = read_outputs(Workspace(state=state).outputs).dashboard_url
            backend = page[: page.index("/", len("http://"))]
            with front(backend, folder) as address:
                page = page.replace(backend, address)
                found = {
                    name: [scores(f"{page}#/{path}", folder / "report.json") for _ in range(RUNS)]
                    for name, path in PAGES.items()
                }
        finally:
            visionflow("down", state=state)
    return tuple(_figures(found))


def _figures(found: dict[str, list[Scores]]) -> Iterator[Figure]:
    runs = [run for page in found.values() for run in page]
    slowest, fastest = min(run.index for run in runs), max(run.index for run in runs)
    n = f"median of {RUNS} runs a page"
    note = f"Lighthouse's benchmark index {slowest:,.0f} to {fastest:,.0f}"
    what = f"{LIGHTHOUSE}, mobile preset, over HTTP/2 with Brotli"
    pages = {
        name: int(statistics.median(run.performance for run in page))
        for name, page in found.items()
    }
    least = {"least": min(pages.values()), **pages}
    target = Target("at least", LEAST_PERFORMANCE)
    yield figure("dashboard", f"{what}: performance", least, "", target=target, n=n, note=note)
    others = {
        "accessibility": int(min(run.accessibility for run in runs)),
        "best practices": int(min(run.best_practices for run in runs)),
    }
    target = Target("at least", 100)
    yield figure(
        "dashboard",
        f"{what}: least of all pages and runs",
        {"least": min(others.values()), **others},
        "",
        target=target,
        n=f"{len(runs)} runs",
        note=note,
    )
