"""What the project holds itself to, each row beside what this run measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.serving import OPENVINO, OURS, USUAL
from tests.benchmarks.table import print_table

Results = Mapping[str, Any]

WEB_PHOTO, PHONE_PHOTO = "0.3 MP", "12 MP"
FLAT_MB = 10


@dataclass(frozen=True)
class Target:
    """``value`` reads the results of the benchmarks named in ``needs``."""

    name: str
    needs: str
    value: Callable[[Any], float]
    limit: float
    at_least: bool
    unit: str

    def row(self, results: Results) -> tuple[str, str, str, str]:
        value = self.value(results[self.needs])
        met = value >= self.limit if self.at_least else value <= self.limit
        bound = f"{'at least' if self.at_least else 'at most'} {self.limit:g}{self.unit}"
        return self.name, bound, f"{value:.3g}{self.unit}", "pass" if met else "MISS"


def _times(serving: Any, size: str, contender: str, reference: str) -> float:
    one_thread = serving["ResNet-50"][size][1]
    return float(one_thread[contender] / one_thread[reference])


TARGETS = (
    Target(
        "ResNet-50, 0.3 MP: FastAPI + torch by VisionFlow int8",
        "serving",
        lambda found: _times(found, WEB_PHOTO, USUAL, OURS),
        5,
        at_least=True,
        unit="x",
    ),
    Target(
        "ResNet-50, 0.3 MP: VisionFlow int8 by OpenVINO int8",
        "serving",
        lambda found: _times(found, WEB_PHOTO, OURS, OPENVINO),
        1.15,
        at_least=False,
        unit="x",
    ),
    Target(
        "ResNet-50, 12 MP: FastAPI + torch by VisionFlow int8",
        "serving",
        lambda found: _times(found, PHONE_PHOTO, USUAL, OURS),
        4,
        at_least=True,
        unit="x",
    ),
    Target(
        "the handler's own work, 0.3 MP",
        "latency",
        lambda found: float(found["steps"][WEB_PHOTO]["own work"]),
        3,
        at_least=False,
        unit=" ms",
    ),
    Target(
        "cold start, ResNet-50 int8",
        "cold_start",
        lambda found: float(found["VisionFlow"]["all"]),
        300,
        at_least=False,
        unit=" ms",
    ),
    Target(
        "cold start by the straightforward one",
        "cold_start",
        lambda found: float(found["VisionFlow"]["all"] / found["straightforward"]["all"]),
        0.5,
        at_least=False,
        unit="x",
    ),
    Target(
        "code and layers, unzipped",
        "package_size",
        lambda found: max(found["all, x86_64"], found["all, arm64"]),
        150,
        at_least=False,
        unit=" MB",
    ),
    Target(
        "resident memory, ResNet-50 int8, 1,000 images",
        "memory",
        lambda found: float(found[1000]),
        350,
        at_least=False,
        unit=" MB",
    ),
    Target(
        "its growth from the 100th to the 1,000th",
        "memory",
        lambda found: float(found[1000] - found[100]),
        FLAT_MB,
        at_least=False,
        unit=" MB",
    ),
)


def report(results: Results) -> list[tuple[str, str, str, str]]:
    rows = [target.row(results) for target in TARGETS if target.needs in results]
    if rows:
        print_table("Held to", ("what", "must", "measured", ""), rows)
    return rows
