"""How long one answer takes, on one thread."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

from training.report.report import Form, ModelMeasure

WARMUP = 3
ROUNDS = 9
# What a round may take, within its fewest and most turns. A round should be over before the load of
# the machine changes, and long enough for a median.
ROUND_SECONDS = 0.25
TURNS = (3, 30)

FORM_NAMES: Mapping[Form, str] = {
    "torch": "base (torch)",
    "fp32": "ONNX (fp32)",
    "int8": "quantized (int8)",
}

Run = Callable[[], object]


@dataclass(frozen=True)
class Latencies:
    """Medians of the wall time in ms: of each round by form, in the order of the rounds."""

    rounds: Mapping[str, tuple[float, ...]]

    def p50(self, form: str) -> float:
        """The median over the rounds, in ms."""
        return median(self.rounds[form])

    def ratio(self, form: str, reference: str) -> float:
        """How long ``form`` takes by how long ``reference`` takes: the median of the ratios within
        each round, so that a round under load counts no more than another."""
        pairs = zip(self.rounds[form], self.rounds[reference], strict=True)
        return median(a / b for a, b in pairs)


Measure = Callable[[Mapping[str, Run]], Latencies]


def measure_latencies(runs: Mapping[str, Run]) -> Latencies:
    """Time each of ``runs``, with torch limited to one thread.

    They take turns, so that a change of the machine's load meets all of them alike, in `ROUNDS`
    rounds, so that a disturbance of seconds decides nothing.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for run in runs.values():
            for _ in range(WARMUP):
                run()
        fewest, most = TURNS
        turn = sum(_milliseconds(run) for run in runs.values()) / 1000
        turns = min(max(round(ROUND_SECONDS / turn), fewest), most)
        rounds = [_round(runs, turns) for _ in range(ROUNDS)]
    finally:
        torch.set_num_threads(threads)
    return Latencies({form: tuple(each[form] for each in rounds) for form in runs})


def lightening_table(models: tuple[ModelMeasure, ...]) -> str:
    """Size, latency and accuracy of each form, as lines of text; the ratios are to the first."""
    base = models[0]
    lines = [f"{'':18}{'size':>22}{'p50, one thread':>24}{'validation top-1':>26}"]
    for model in models:
        size = f"{model.bytes / 1e6:.2f} MB ({model.bytes / base.bytes:6.1%})"
        speedup = base.latency_p50_ms / model.latency_p50_ms
        latency = f"{model.latency_p50_ms:.2f} ms ({speedup:5.2f}x)"
        change = 100 * (model.validation_top1 - base.validation_top1)
        top1 = f"{model.validation_top1:.2%} ({change:+.2f} pt)"
        lines.append(f"{FORM_NAMES[model.form]:18}{size:>22}{latency:>24}{top1:>26}")
    return "\n".join(lines)


def _round(runs: Mapping[str, Run], turns: int) -> dict[str, float]:
    times: dict[str, list[float]] = {form: [] for form in runs}
    for _ in range(turns):
        for form, run in runs.items():
            times[form].append(_milliseconds(run))
    return {form: median(values) for form, values in times.items()}


def _milliseconds(run: Run) -> float:
    started = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - started)
