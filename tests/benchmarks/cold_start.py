"""Cold start by part: a fresh interpreter, from the first import to the first answer.

It takes turns with the straightforward function: FastAPI, clients of boto3, and the fp32 model in
ONNX Runtime with its default options.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.contenders.networks import timed
from tests.benchmarks.contenders.worker import photo, request
from tests.benchmarks.figures import Figure, Target, figure
from visionflow_starter import STARTER

RUNS = 9
MOST_MS = 500
MOST_RATIO = {"ResNet-50": 0.35, "the starter": 0.3}

_CLOCK = """
import json, sys, time
parts, start = {}, time.perf_counter()
def done(part):
    global start
    now = time.perf_counter()
    parts[part] = (now - start) * 1000
    start = time.perf_counter()
"""

# Run in the fresh interpreter, with the model's folder and the image's or the event's file. An
# import counts for the first part that needs it. The model is on the disk, so the time of S3 is not
# included.
_OURS = """
import lambdas.predict.handler
done("import the handler")
from lambdas.aws import clients
clients.s3(), clients.dynamodb()
done("create AWS clients")
from pathlib import Path
from tests.benchmarks.contenders.worker import install_service, call
event = json.loads(Path(sys.argv[2]).read_text())
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
image = Path(sys.argv[2]).read_bytes()
start = time.perf_counter()
app = application(Path(sys.argv[1]) / "model.onnx")
done("copy, verify, open, try out")
ask(app, image)
done("first answer (0.3 MP)")
"""

Parts = dict[str, float]
# As Lambda sets it; elsewhere, and behind a proxy, the clients are boto3's.
_ENVIRONMENT = {name: v for name, v in os.environ.items() if "PROXY" not in name.upper()} | {
    "AWS_LAMBDA_FUNCTION_NAME": "predict",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def measure(ours: Path, theirs: Path) -> tuple[list[Parts], list[Parts]]:
    """Milliseconds by part of `RUNS` fresh interpreters each, in turns: VisionFlow with the
    artifact ``ours``, the straightforward function with the fp32 model of ``theirs``."""
    found: tuple[list[Parts], list[Parts]] = ([], [])
    with tempfile.TemporaryDirectory() as scratch:
        image, event = Path(scratch, "image.jpg"), Path(scratch, "event.json")
        image.write_bytes(photo((640, 480)))
        event.write_text(json.dumps(request(image.read_bytes())))
        contenders = ((_OURS, ours, event), (_STRAIGHTFORWARD, theirs, image))
        for turn in range(RUNS + 1):
            for runs, contender in zip(found, contenders, strict=True):
                parts = _run(*contender)
                if turn:  # the first compiles what nobody has imported yet
                    runs.append(parts)
    return found


def _run(program: str, folder: Path, sent: Path) -> Parts:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{_CLOCK}{program}\nprint('\\n' + json.dumps(parts))",
            str(folder),
            str(sent),
        ],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    parts: Parts = json.loads(done.stdout.splitlines()[-1])
    return parts


def _medians(runs: list[Parts]) -> Parts:
    parts = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    return {"all": statistics.median(sum(run.values()) for run in runs)} | parts


def report() -> tuple[Figure, ...]:
    # The starter comes in int8 alone, so its network stands for its fp32 form.
    networks = {
        "ResNet-50": (timed("ResNet-50").folder, timed("ResNet-50").folder),
        "the starter": (STARTER, timed("EfficientNet-Lite0").folder),
    }
    n = f"median of {RUNS} fresh interpreters each, in turns"
    figures = []
    for name, folders in networks.items():
        ours, theirs = map(_medians, measure(*folders))
        what = f"{name}, from the first import to the first answer"
        figures += [
            figure(
                "cold start",
                f"{what}: VisionFlow int8",
                ours,
                "ms",
                target=Target("at most", MOST_MS) if name == "ResNet-50" else None,
                n=n,
            ),
            figure("cold start", f"{what}: FastAPI + ONNX Runtime fp32", theirs, "ms", n=n),
            figure(
                "cold start",
                f"{what}: VisionFlow's time against the other's",
                ours["all"] / theirs["all"],
                "x",
                target=Target("at most", MOST_RATIO[name]),
                n=n,
            ),
        ]
    return tuple(figures)
