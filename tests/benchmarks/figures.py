"""What was measured: one file for each benchmark or subject, ``results/NAME.json``.

The README is rendered from these files (`tests.benchmarks.readme`). A file holds the runs of one or
more commands; a new run of a benchmark replaces its file.
"""

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from visionflow import strict
from visionflow.errors import ConfigError
from visionflow.whole_file import whole_file

FOLDER = Path(__file__).parent / "results"

Group = Literal[
    "serving latency",
    "cold start",
    "memory",
    "package size",
    "throughput",
    "training pipeline",
    "accuracy",
    "robustness",
    "dashboard",
    "costs",
    "set-up times",
    "command line",
]

# A day, or the first and the last one.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(/\d{4}-\d\d-\d\d)?")
_LIBRARIES = ("numpy", "onnxruntime", "pillow", "torch")
_DIGITS = 3


@dataclass(frozen=True)
class Target:
    """A limit that the project set itself, in the figure's unit."""

    bound: Literal["at least", "at most"]
    value: float

    def reached(self, value: float) -> bool:
        return value >= self.value if self.bound == "at least" else value <= self.value


@dataclass(frozen=True)
class Figure:
    """One row of a table.

    ``values``: by name, all in ``unit``; the target is for the first one. ``n``: how many of what
    were measured. None is unknown or does not apply. ``split``: how the test images were chosen.
    """

    group: Group
    what: str
    values: dict[str, float]
    unit: str
    target: Target | None
    n: str | None
    seeds: tuple[int, ...] | None
    split: Literal["random split", "official split", "grouped split"] | None
    note: str | None

    def __post_init__(self) -> None:
        if not self.values:
            raise ConfigError(f"{self.what!r}: no values")

    @property
    def first(self) -> float:
        return next(iter(self.values.values()))


def figure(  # the fields that most benchmarks leave out are optional here
    group: Group,
    what: str,
    values: Mapping[str, float] | float,
    unit: str,
    *,
    target: Target | None = None,
    n: str | None = None,
    seed: int | None = None,
    note: str | None = None,
) -> Figure:
    """A figure of a run that has just ended, its floats rounded to three significant digits."""
    named = values if isinstance(values, Mapping) else {"value": values}
    rounded = {name: _rounded(value) for name, value in named.items()}
    seeds = None if seed is None else (seed,)
    return Figure(group, what, rounded, unit, target, n, seeds, None, note)


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.{_DIGITS}g}")


@dataclass(frozen=True)
class Machine:
    processor: str | None
    cores: int | None
    memory_gib: float | None
    versions: dict[str, str]

    @classmethod
    def this(cls) -> "Machine":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
        versions = {"Python": platform.python_version()} | versions
        return cls(_processor(), os.cpu_count(), _rounded(memory), versions)

    def __str__(self) -> str:
        parts = [self.processor or "unknown processor"]
        if self.cores is not None:
            parts.append(f"{self.cores} cores")
        if self.memory_gib is not None:
            parts.append(f"{self.memory_gib:g} GiB")
        return ", ".join([*parts, *(f"{name} {of}" for name, of in self.versions.items())])


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


@dataclass(frozen=True)
class Run:
    """``conditions``: what else the machine did, or the like."""

    command: str | None
    date: str | None
    machine: Machine | None
    conditions: str | None
    figures: tuple[Figure, ...]

    def __post_init__(self) -> None:
        if self.date is not None and not _DATE.fullmatch(self.date):
            raise ConfigError(f"{self.command}: {self.date!r} is not a date such as 2030-01-31")

    @classmethod
    def now(cls, command: str, figures: tuple[Figure, ...], load: float) -> "Run":
        """``load``: the machine's load average before the run."""
        today = datetime.now(UTC).date().isoformat()
        return cls(command, today, Machine.this(), f"load {load:.1f} before the run", figures)


@dataclass(frozen=True)
class ResultFile:
    runs: tuple[Run, ...]

    def write(self, path: Path) -> None:
        with whole_file(path) as partial:
            text = json.dumps(strict.to_dict(self), indent=1, ensure_ascii=False)
            partial.write_text(text + "\n", encoding="utf-8")


def read_runs(folder: Path = FOLDER) -> list[Run]:
    """The runs of all files in ``folder``, by the names of the files.

    Raises `ConfigError` that names the file and the field when one is not as it has to be.
    """
    runs: list[Run] = []
    for path in sorted(folder.glob("*.json")):
        runs += strict.parse_json(ResultFile, path.read_bytes(), path.name).runs
    return runs
