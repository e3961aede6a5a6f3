"""Resident memory of a predict worker with ResNet-50 while it answers 1,000 images."""

import json
import subprocess
import sys

from tests.benchmarks.contenders.networks import timed
from tests.benchmarks.table import print_table

MARKS = (0, 1, 100, 500, 1000)

# A fresh process, so that nothing of the benchmark itself is counted. Every tenth image has 12
# megapixels, to show that what a large one takes is given back.
WORKER = f"""
import json, pathlib, psutil, sys
from lambdas import clients
from tests.benchmarks.contenders.worker import SIZES, call, install_service, photo, request
install_service(pathlib.Path(sys.argv[1]))
clients.s3(), clients.dynamodb()
process = psutil.Process()
resident = {{0: process.memory_info().rss / 1e6}}
small, large = (request(photo(SIZES[name])) for name in ("0.3 MP", "12 MP"))
for count in range(1, {MARKS[-1]} + 1):
    call(large if count % 10 == 0 else small)
    if count in {MARKS}:
        resident[count] = process.memory_info().rss / 1e6
print("\\n" + json.dumps(resident))
"""


def report() -> dict[int, float]:
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(timed("ResNet-50").folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    resident = {int(count): mb for count, mb in json.loads(done.stdout.splitlines()[-1]).items()}
    print_table(
        "Resident memory of the worker, ResNet-50 int8 (every tenth image has 12 MP)",
        ("images answered", "MB"),
        [(count, f"{megabytes:.0f}") for count, megabytes in resident.items()],
    )
    return resident
