"""Several runs side by side, as data: `compare.json`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, product
from string import ascii_uppercase
from typing import Literal

from training.config import Recipe
from training.results.history import EpochRecord, FitVerdict
from training.results.report import Form, ModelMeasure, Report
from training.results.scores import Interval
from training.texts.catalogue import Text, text
from visionflow import strict
from visionflow.models.manifest import Precision


@dataclass(frozen=True)
class ComparedRun:
    """The figures by which one run is compared. ``test_set`` and ``training_set`` are letters: runs
    that share them were measured on, or made from, the same images.

    ``top5``: None where the model has no more classes than that. ``measures``: of fp32 and, unless
    the gate kept it out for ``fallback_reason``, of int8.
    """

    run: str
    name: str
    version: str
    model: str
    recipe: Recipe | Literal["adopted"]
    test_set: str
    training_set: str
    test_images: int
    validation_top1: float
    top1: float
    top1_interval: Interval
    top5: float | None
    macro_f1: float
    parameters: int
    served: Precision
    fallback_reason: str | None
    measures: tuple[ModelMeasure, ...]
    train_seconds: float
    best_epoch: int
    history: tuple[EpochRecord, ...]
    verdict: FitVerdict
    hardware: str

    def measure(self, form: Form) -> ModelMeasure | None:
        return next((measure for measure in self.measures if measure.form == form), None)

    @property
    def served_measure(self) -> ModelMeasure:
        return next(measure for measure in self.measures if measure.form == self.served)


@dataclass(frozen=True)
class Comparison:
    """``runs`` in the order in which they were named. ``timed_together``: their latencies were
    measured side by side for the comparison, not each at the end of its own run."""

    timed_together: bool
    runs: tuple[ComparedRun, ...]

    @property
    def same_test(self) -> bool:
        return len({run.test_set for run in self.runs}) == 1

    @property
    def tells_top5(self) -> bool:
        return any(run.top5 is not None for run in self.runs)

    @property
    def same_training(self) -> bool:
        return len({run.training_set for run in self.runs}) == 1

    @property
    def same_hardware(self) -> bool:
        return len({run.hardware for run in self.runs}) == 1

    @property
    def leaders(self) -> tuple[str, ...]:
        """The runs that may have the highest top-1 on test: their intervals reach into that of the
        one that scored highest."""
        low = max(self.runs, key=lambda run: run.top1).top1_interval.low
        return tuple(run.run for run in self.runs if run.top1_interval.high >= low)

    @property
    def outcome(self) -> Text:
        """Which run is the best on test, where one is by more than chance."""
        leaders = self.leaders
        key = "one" if len(leaders) == 1 else "all" if len(leaders) == len(self.runs) else "some"
        return text(f"compare.outcome.{key}", runs=", ".join(leaders))

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str | bytes) -> "Comparison":
        """Raises `ConfigError` naming the field that is unknown, missing or mistyped."""
        return strict.parse_json(cls, text, "comparison")


def comparison_of(reports: Sequence[tuple[str, Report]]) -> Comparison:
    """Of the named ``reports``."""
    # The same files with other labels are another task.
    tests = _letters([(r.data.labels, r.data.test.sha256) for _, r in reports])
    trainings = _letters([(r.data.labels, r.data.sha256) for _, r in reports])
    return Comparison(
        timed_together=False,
        runs=tuple(
            _compared(run, report, test, training)
            for (run, report), test, training in zip(reports, tests, trainings, strict=True)
        ),
    )


def _letters(keys: Sequence[object]) -> list[str]:
    """The same letters for the same key, as a spreadsheet names its columns: A to Z, then AA."""
    names = (
        "".join(name) for length in count(1) for name in product(ascii_uppercase, repeat=length)
    )
    name_of = dict(zip(dict.fromkeys(keys), names, strict=False))
    return [name_of[key] for key in keys]


def _compared(run: str, report: Report, test_set: str, training_set: str) -> ComparedRun:
    return ComparedRun(
        run=run,
        name=report.name,
        version=report.version,
        model=str(report.config["model"]["name"]),
        recipe=report.recipe,
        test_set=test_set,
        training_set=training_set,
        test_images=report.test.images,
        validation_top1=report.validation.top1,
        top1=report.test.top1,
        top1_interval=report.test.top1_interval,
        top5=report.test.top5 if report.test.tells_top5 else None,
        macro_f1=report.test.macro_f1,
        parameters=report.parameters,
        served=report.served,
        fallback_reason=report.quantization.fallback_reason,
        measures=tuple(m for m in report.models if m.form in ("fp32", report.served)),
        train_seconds=report.train_seconds,
        best_epoch=report.best_epoch,
        history=report.history,
        verdict=report.verdict,
        hardware=report.hardware,
    )
