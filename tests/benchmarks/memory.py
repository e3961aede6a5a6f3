"""Memory of a predict worker with ResNet-50, and of its decoder, while it answers 1,000 images."""

import json
import subprocess
import sys

from tests.benchmarks.contenders.networks import timed
from tests.benchmarks.figures import Figure, Target, figure

MARKS = (0, 1, 100, 500, 1000)
MOST_MB = 350
MOST_GROWTH_MB = 10

# A fresh process, so that the benchmark itself is not counted. Every tenth image has 12 megapixels,
# to show that the memory of a large image is released. What the worker and its decoder share, each
# has a half of (PSS).
WORKER = f"""
import json, pathlib, psutil, sys
from lambdas import clients
from tests.benchmarks.contenders.worker import SIZES, call, install_service, photo, request
install_service(pathlib.Path(sys.argv[1]))
clients.s3(), clients.dynamodb()
def megabytes():
    here = psutil.Process()
    return sum(one.memory_full_info().pss for one in (here, *here.children())) / 1e6
resident = {{0: megabytes()}}
small, large = (request(photo(SIZES[name])) for name in ("0.3 MP", "12 MP"))
for count in range(1, {MARKS[-1]} + 1):
    call(large if count % 10 == 0 else small)
    if count in {MARKS}:
        resident[count] = megabytes()
print("\\n" + json.dumps(resident))
"""


def report() -> tuple[Figure, ...]:
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(timed("ResNet-50").folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    resident: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    last = str(MARKS[-1])
    last_first = {f"after {int(count):,}": value for count, value in reversed(resident.items())}
    what, n = "resident memory of the predict worker, ResNet-50 int8", f"{MARKS[-1]:,} images"
    return (
        figure(
            "memory",
            f"{what}, every tenth image of 12 MP",
            last_first,
            "MB",
            target=Target("at most", MOST_MB),
            n=n,
        ),
        figure(
            "memory",
            f"{what}: growth from the 100th to the last image",
            resident[last] - resident["100"],
            "MB",
            target=Target("at most", MOST_GROWTH_MB),
            n=n,
        ),
    )
