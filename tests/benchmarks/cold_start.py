"""Cold start by part: a fresh interpreter, from the first import to the first answer."""

import json
import statistics
import subprocess
import sys

from tests.benchmarks.table import print_table

RUNS = 9

# Runs in the fresh interpreter. The order is that of the real function: what an earlier part has
# imported is not counted again in a later one.
PARTS = """
import json, time
parts, start = {}, time.perf_counter()
def done(part):
    global start
    now = time.perf_counter()
    parts[part] = (now - start) * 1000
    start = time.perf_counter()
import aws_lambda_powertools
import aws_lambda_powertools.event_handler
done("import Powertools")
import boto3
done("import boto3")
import numpy, PIL.Image
done("import NumPy and Pillow")
import onnxruntime
done("import ONNX Runtime")
import lambdas.predict.handler
done("import the handler")
from lambdas import clients
clients.s3(), clients.dynamodb()
done("create AWS clients")
from tests.benchmarks.worker import install_service, call, request, photo
event = request(photo((640, 480)))
start = time.perf_counter()
install_service()
done("verify files, open session")
call(event)
done("first answer (0.3 MP)")
print("\\n" + json.dumps(parts))
"""


def measure() -> dict[str, float]:
    """Median milliseconds by part over `RUNS` fresh interpreters."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", PARTS], capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    parts = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    return parts | {"all": statistics.median(sum(run.values()) for run in runs)}


def report() -> dict[str, float]:
    parts = measure()
    print_table(
        f"Cold start by part, median of {RUNS} fresh interpreters",
        ("part", "ms"),
        [(part, f"{milliseconds:.0f}") for part, milliseconds in parts.items()],
    )
    return parts
