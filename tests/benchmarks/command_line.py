"""How soon the command line answers what needs no work, and how long a toy training takes.

``python -m tests.benchmarks command_line``. Each command in turn with a bare Python, which is what
a program in Python takes at least. Compiled modules are kept, as they are for every user.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure, Target, figure
from tests.unit.training.conftest import draw_set

TURNS = 11
TRAININGS = 5
PROGRAM = (sys.executable, "-P", "-m", "infra.cli")
QUICK = {
    "--help": ("--help",),
    "mistyped command": ("trian",),
    "wrong option": ("predict", "--modl", "x"),
    "compare without runs": ("compare", "nothing", "nowhere"),
}
IMAGES = 30
"""Of each of three classes."""


def seconds(command: Sequence[str]) -> float:
    """From start to end, whatever the exit code."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, env=kept, capture_output=True, check=False)
    return time.perf_counter() - start


def report() -> tuple[Figure, ...]:
    bare = (sys.executable, "-c", "pass")
    times: dict[str, list[float]] = {name: [] for name in (*QUICK, "bare Python")}
    for command in QUICK.values():
        seconds((*PROGRAM, *command))
    for _ in range(TURNS):
        for name, command in QUICK.items():
            times[name].append(seconds((*PROGRAM, *command)))
        times["bare Python"].append(seconds(bare))
    return (
        figure(
            "command line",
            "time to the answer of what needs no work",
            {name: statistics.median(found) for name, found in times.items()},
            "s",
            target=Target("at most", 0.3),
            n=f"median of {TURNS} turns",
        ),
        figure(
            "command line",
            f"training of two epochs on {3 * IMAGES} images of 16 px, from start to artifact",
            _toy_training(),
            "s",
            target=Target("at most", 5.0),
            n=f"median of {TRAININGS}",
            seed=1,
            note="Imports of torch, torchvision and what they compile with take most of it.",
        ),
    )


def _toy_training() -> float:
    with tempfile.TemporaryDirectory() as folder:
        draw_set(Path(folder) / "data", per_class=IMAGES, seed=1)
        command = [*PROGRAM, "train", "--config", "cifar10-small", "--group-by", "content"]
        command += ["--set", "scratch.epochs=2", "--data", f"{folder}/data", "--out"]
        seconds((*command, f"{folder}/first"))
        return statistics.median(
            seconds((*command, f"{folder}/{number}")) for number in range(TRAININGS)
        )
