"""Answers per second of the whole local cloud: gateway, function, S3, DynamoDB, on one machine."""

import http.client
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.benchmarks.contenders.worker import SIZES, photo
from tests.benchmarks.figures import Figure, figure
from tests.e2e.conftest import free_port, visionflow

CLIENTS = (1, 4, 16)
SECONDS = 8.0


def measure(api_url: str, image: bytes, clients: int) -> dict[str, float]:
    """Answers per second and latency percentiles (ms) of ``clients`` that each send requests in
    sequence."""
    times: list[list[float]] = [[] for _ in range(clients)]
    failures: list[int] = []
    until = time.perf_counter() + SECONDS

    def ask(mine: list[float]) -> None:
        address = urlsplit(api_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        while (started := time.perf_counter()) < until:
            connection.request(
                "POST", f"{address.path}/predict", image, {"Content-Type": "image/jpeg"}
            )
            response = connection.getresponse()
            response.read()
            mine.append(1000 * (time.perf_counter() - started))
            if response.status != http.HTTPStatus.OK:
                failures.append(response.status)
        connection.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(mine,)) for mine in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    every = np.concatenate([np.asarray(mine) for mine in times])
    p50, p95, p99 = np.percentile(every, (50, 95, 99)).tolist()
    return {
        "answers": len(every),
        "failed": len(failures),
        "per_second": len(every) / seconds,
        "p50": p50,
        "p95": p95,
        "p99": p99,
    }


def report() -> tuple[Figure, ...]:
    image = photo(SIZES["0.3 MP"])
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        up = visionflow("up", "--detach", "--json", "--port", str(free_port()), state=state)
        if up.returncode != 0:
            raise RuntimeError(up.stderr)
        try:
            api_url = read_outputs(Workspace(state=state).outputs).api_url
            measure(api_url, image, max(CLIENTS))  # starts as many workers as there will be
            found = {clients: measure(api_url, image, clients) for clients in CLIENTS}
        finally:
            visionflow("down", state=state)
    what = "the whole local cloud on one machine, `POST /predict` of 0.3 MP, clients"
    figures = []
    for clients, values in found.items():
        n = f"{values['answers']:,} answers in {SECONDS:.0f} s, {values['failed']} failed"
        rate = values["per_second"]
        figures.append(figure("throughput", f"{what}: {clients}", rate, "answers/s", n=n, seed=0))
        times = {name: values[name] for name in ("p50", "p95", "p99")}
        figures.append(figure("throughput", f"{what}: {clients}", times, "ms", n=n, seed=0))
    return tuple(figures)
