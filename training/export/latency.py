"""How long one answer takes, on one thread."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from training.results.report import FORM_NAMES, ModelMeasure
from training.stop import check_stop

WARMUP = 3
ROUNDS = 9
# What a round may take, within its fewest and most turns.
ROUND_SECONDS = 0.1
TURNS = (3, 30)

Run = Callable[[], object]


@dataclass(frozen=True)
class Latencies:
    """Wall times in ms: by form, of each turn of each round."""

    rounds: Mapping[str, Sequence[Sequence[float]]]

    def p50(self, form: str) -> float:
        """The median over all turns, in ms."""
        return median(time for turns in self.rounds[form] for time in turns)

    def ratio(self, form: str, reference: str) -> float:
        """The time of ``form`` divided by that of ``reference``, without the machine's load.

        Load only ever adds time, so the fastest turn of each counts, and the median of the rounds,
        so that a round under constant load does not decide.
        """
        pairs = zip(self.rounds[form], self.rounds[reference], strict=True)
        return median(min(times) / min(references) for times, references in pairs)


Measure = Callable[[Mapping[str, Run]], Latencies]


def measure_latencies(runs: Mapping[str, Run]) -> Latencies:
    """Time each of ``runs``, which use one thread each.

    They take turns, in an order drawn anew each time, so that a change of the machine's load
    affects all alike.
    """
    for run in runs.values():
        for _ in range(WARMUP):
            run()
    fewest, most = TURNS
    turn = sum(_milliseconds(run) for run in runs.values()) / 1000
    turns = min(max(round(ROUND_SECONDS / turn), fewest), most)
    order = np.random.default_rng(0)
    rounds = [_round(runs, turns, order) for _ in range(ROUNDS)]
    return Latencies({form: [times[form] for times in rounds] for form in runs})


def lightening_table(models: tuple[ModelMeasure, ...]) -> str:
    """Size, latency and accuracy of each form, as lines of text; the ratios are to the first."""
    base = models[0]
    lines = [f"{'':22}{'size':>22}{'p50, one thread':>24}{'validation top-1':>26}"]
    for model in models:
        size = f"{model.bytes / 1e6:.2f} MB ({model.bytes / base.bytes:6.1%})"
        speedup = base.latency_p50_ms / model.latency_p50_ms
        latency = f"{model.latency_p50_ms:.2f} ms ({speedup:5.2f}x)"
        change = 100 * (model.validation_top1 - base.validation_top1)
        top1 = f"{model.validation_top1:.2%} ({change:+.2f} pt)"
        lines.append(f"{FORM_NAMES[model.form]:22}{size:>22}{latency:>24}{top1:>26}")
    return "\n".join(lines)


def _round(
    runs: Mapping[str, Run], turns: int, order: np.random.Generator
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {form: [] for form in runs}
    check_stop()
    for _ in range(turns):
        for form in order.permutation(list(runs)).tolist():
            times[form].append(_milliseconds(runs[form]))
    return times


def _milliseconds(run: Run) -> float:
    started = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - started)
