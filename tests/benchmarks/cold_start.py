"""Cold start by part: a fresh interpreter, from the first import to the first answer.

VisionFlow runs from the packages that are deployed, unpacked, with the environment of its function.
It takes turns with the straightforward function: FastAPI, clients of boto3, and the fp32 model in
ONNX Runtime with its default options. That one runs twice: with the bytecode of its packages, as in
an image of a container, and without. Bytecode that an installer wrote is valid for the time stamps
of its sources alone, and zipping changes those, so a zip file that was built without care has none.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from infra.packaging.assets import code_package, own_layer
from infra.packaging.runtime_layer import build_runtime_layer
from infra.packaging.workspace import PROJECT
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
import json
from pathlib import Path
from tests.benchmarks.contenders import on_disk
event = json.loads(Path(sys.argv[2]).read_text())
start = time.perf_counter()
on_disk.build(Path(sys.argv[1]))
done("create AWS clients")
on_disk.load()
done("copy, verify, open, try out")
on_disk.call(event)
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

# Python's own modules keep theirs, as they do in Lambda.
_WITHOUT_BYTECODE = """
from importlib.machinery import SourceFileLoader
get_code = SourceFileLoader.get_code
def compiled(loader, name):
    file = loader.get_filename(name)
    if "site-packages" not in file:
        return get_code(loader, name)
    return loader.source_to_code(loader.get_data(file), file)
SourceFileLoader.get_code = compiled
"""

Parts = dict[str, float]
OURS = "VisionFlow int8"
THEIRS = "FastAPI + ONNX Runtime fp32"
WITHOUT = f"{THEIRS}, without bytecode"
_BOUNDED = ("ResNet-50", OURS)


@dataclass(frozen=True)
class _Contender:
    program: str
    folder: Path
    sent: Path
    options: tuple[str, ...]
    environment: dict[str, str]


# As Lambda sets it; elsewhere, and behind a proxy, the clients are boto3's.
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    # Images of Python often set the last one, and the other function would have no bytecode.
    if "PROXY" not in name.upper() and name != "PYTHONDONTWRITEBYTECODE"
} | {
    "AWS_LAMBDA_FUNCTION_NAME": "predict",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "PYTHONPATH": str(PROJECT),
}


def _unpacked(into: Path) -> dict[str, str]:
    """The environment of a function of the packages that are deployed, unpacked below ``into``."""
    task, opt = into / "task", into / "opt"
    packages = {
        code_package("host"): task,
        own_layer("common", "host"): opt,
        build_runtime_layer("host"): opt,
    }
    for package, folder in packages.items():
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(folder)
    # Where the benchmark is comes last, because it has the sources too.
    path = os.pathsep.join(map(str, (task, opt / "python", PROJECT)))
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def measure(ours: Path, theirs: Path) -> dict[str, list[Parts]]:
    """Milliseconds by part of `RUNS` fresh interpreters of each contender, in turns: VisionFlow
    with the artifact ``ours``, the straightforward function with the fp32 model of ``theirs``."""
    with tempfile.TemporaryDirectory() as scratch:
        image, event = Path(scratch, "image.jpg"), Path(scratch, "event.json")
        image.write_bytes(photo((640, 480)))
        event.write_text(json.dumps(request(image.read_bytes())))
        contenders = {
            # Without this environment's packages: those of the layer are there.
            OURS: _Contender(_OURS, ours, event, ("-S",), _unpacked(Path(scratch))),
            THEIRS: _Contender(_STRAIGHTFORWARD, theirs, image, (), {}),
            WITHOUT: _Contender(_WITHOUT_BYTECODE + _STRAIGHTFORWARD, theirs, image, (), {}),
        }
        found: dict[str, list[Parts]] = {name: [] for name in contenders}
        for turn in range(RUNS + 1):
            for name, contender in contenders.items():
                parts = _run(contender)
                if turn:  # the first compiles what nobody has imported yet
                    found[name].append(parts)
    return found


def _run(contender: _Contender) -> Parts:
    before = _processor_ms()
    with tempfile.TemporaryDirectory() as scratch:  # nothing is in the cache
        done = subprocess.run(
            [
                sys.executable,
                *contender.options,
                "-c",
                f"{_CLOCK}{contender.program}\nprint('\\n' + json.dumps(parts))",
                str(contender.folder),
                str(contender.sent),
            ],
            env=_ENVIRONMENT | contender.environment | {"TMPDIR": scratch},
            capture_output=True,
            text=True,
            check=True,
        )
    parts: Parts = json.loads(done.stdout.splitlines()[-1])
    return {"all": sum(parts.values())} | parts | {"processor time": _processor_ms() - before}


def _processor_ms() -> float:
    """Of all processes that were waited for, with what they waited for themselves."""
    used = getrusage(RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def _medians(runs: list[Parts]) -> Parts:
    return {part: statistics.median(run[part] for run in runs) for part in runs[0]}


def _ratio(ours: list[Parts], theirs: list[Parts], part: str) -> float:
    """Of each turn, since the load of the machine changes from one to the next."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(one[part] / other[part] for one, other in pairs)


def report() -> tuple[Figure, ...]:
    # The starter comes in int8 alone, so its network stands for its fp32 form.
    networks = {
        "ResNet-50": (timed("ResNet-50").folder, timed("ResNet-50").folder),
        "the starter": (STARTER, timed("EfficientNet-Lite0").folder),
    }
    n = f"median of {RUNS} fresh interpreters each, in turns"
    figures = []
    for name, folders in networks.items():
        found = measure(*folders)
        what = f"{name}, from the first import to the first answer"
        figures += [
            figure(
                "cold start",
                f"{what}: {contender}",
                _medians(runs),
                "ms",
                target=Target("at most", MOST_MS) if (name, contender) == _BOUNDED else None,
                n=n,
            )
            for contender, runs in found.items()
        ]
        figures += [
            figure(
                "cold start",
                f"{what}: VisionFlow's against that of {other}",
                {
                    "time": _ratio(found[OURS], found[other], "all"),
                    "processor time": _ratio(found[OURS], found[other], "processor time"),
                },
                "x",
                target=Target("at most", MOST_RATIO[name]),
                n=n,
            )
            for other in (THEIRS, WITHOUT)
        ]
    return tuple(figures)
