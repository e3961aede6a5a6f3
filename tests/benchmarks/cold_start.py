"""Cold start by part: a fresh interpreter, from the first import to the first answer.

It takes turns with the straightforward function: FastAPI, clients of boto3, and the fp32 model in
ONNX Runtime with its default options.
"""

import json
import statistics
import subprocess
import sys

from tests.benchmarks.contenders.networks import timed
from tests.benchmarks.figures import Figure, Target, figure

RUNS = 9
MOST_MS = 300
MOST_RATIO = 0.5

_CLOCK = """
import json, sys, time
parts, start = {}, time.perf_counter()
def done(part):
    global start
    now = time.perf_counter()
    parts[part] = (now - start) * 1000
    start = time.perf_counter()
"""

# Run in the fresh interpreter. An import counts for the first part that needs it. The model is on
# the disk, so the time of S3 is not included.
_OURS = """
import lambdas.predict.handler
done("import the handler")
from lambdas import clients
clients.s3(), clients.dynamodb()
done("create AWS clients")
from pathlib import Path
from tests.benchmarks.contenders.worker import install_service, call, request, photo
event = request(photo((640, 480)))
start = time.perf_counter()
install_service(Path(sys.argv[1]))
done("copy, verify, open, try out")
call(event)
done("first answer (0.3 MP)")
"""

_STRAIGHTFORWARD = """
import boto3
import numpy as np
import onnxruntime
from fastapi import FastAPI, File
from PIL import Image
done("import the handler")
boto3.client("s3"), boto3.resource("dynamodb")
done("create AWS clients")
from pathlib import Path
from tests.benchmarks.contenders.straightforward import application, ask
from tests.benchmarks.contenders.worker import photo
image = photo((640, 480))
start = time.perf_counter()
app = application(Path(sys.argv[1]) / "model.onnx")
done("copy, verify, open, try out")
ask(app, image)
done("first answer (0.3 MP)")
"""

CONTENDERS = {"VisionFlow": _OURS, "straightforward": _STRAIGHTFORWARD}


def measure() -> dict[str, dict[str, float]]:
    """Median milliseconds by contender and part over `RUNS` fresh interpreters each."""
    folder = str(timed("ResNet-50").folder)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(RUNS):
        for name, program in CONTENDERS.items():
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    f"{_CLOCK}{program}\nprint('\\n' + json.dumps(parts))",
                    folder,
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {name: _medians(found) for name, found in runs.items()}


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    parts = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    return {"all": statistics.median(sum(run.values()) for run in runs)} | parts


def report() -> tuple[Figure, ...]:
    ours, theirs = measure().values()
    what = "ResNet-50, from the first import to the first answer"
    n = f"median of {RUNS} fresh interpreters each, in turns"
    return (
        figure(
            "cold start",
            f"{what}: VisionFlow int8",
            ours,
            "ms",
            target=Target("at most", MOST_MS),
            n=n,
        ),
        figure("cold start", f"{what}: FastAPI + ONNX Runtime fp32", theirs, "ms", n=n),
        figure(
            "cold start",
            f"{what}: VisionFlow's time against the other's",
            ours["all"] / theirs["all"],
            "x",
            target=Target("at most", MOST_RATIO),
            n=n,
        ),
    )
