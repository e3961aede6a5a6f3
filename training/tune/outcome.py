"""What a search found: `tune.json`."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from training.errors import TrainingError
from training.tune.space import Dimension
from visionflow import strict

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

RESULT_FILE = "tune.json"

DIVERGED = "diverged"
"""Attribute of a trial whose loss stopped being finite: the sentence that says so."""

INTERRUPTED = "interrupted"
"""Attribute of a study: the numbers of the trials that were ended from outside."""

TrialState = Literal["complete", "pruned", "diverged", "interrupted", "failed"]


@dataclass(frozen=True)
class TrialRecord:
    """One trial. ``top1``: the best validation top-1 of its epochs, None where it has none.

    An interrupted trial was stopped or killed, a failed one ended by a fault outside of it; neither
    counts, and its settings are tried again.
    """

    number: int
    state: TrialState
    top1: float | None
    epochs: int
    seconds: float | None
    values: dict[str, Any]


@dataclass(frozen=True)
class TuneReport:
    """``best``: the number of the best trial by ``best_top1``, of validation.

    ``importance``: the share of each field in the success of the best trials, 1 in sum; empty where
    there are too few trials or all results are equal.
    """

    name: str
    best: int
    best_top1: float
    best_values: dict[str, Any]
    importance: dict[str, float]
    trials: tuple[TrialRecord, ...]

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str | bytes) -> "TuneReport":
        """Raises `ConfigError` naming the field that is unknown, missing or mistyped."""
        return strict.parse_json(cls, text, "tune")


def finished_trials(study: "Study") -> "list[FrozenTrial]":
    """The trials that count: completed, pruned or diverged."""
    from optuna.trial import TrialState as State  # noqa: PLC0415

    return study.get_trials(deepcopy=False, states=(State.COMPLETE, State.PRUNED))


def shown(value: object) -> str:
    """A field's value for a person: numbers with a fraction have four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def report_of(name: str, space: tuple[Dimension, ...], study: "Study") -> TuneReport:
    """Raises `TrainingError` when no trial came to its end."""
    from optuna.trial import TrialState as State  # noqa: PLC0415

    complete = study.get_trials(deepcopy=False, states=(State.COMPLETE,))
    if not complete:
        finished = finished_trials(study)
        reasons = {trial.user_attrs.get(DIVERGED, "it was pruned") for trial in finished}
        raise TrainingError(
            f"None of {len(finished)} trials was completed ({'; '.join(sorted(reasons))}); "
            "narrow the ranges in tune.space, or allow more trials or seconds."
        )
    best = study.best_trial
    return TuneReport(
        name=name,
        best=best.number,
        best_top1=study.best_value,
        best_values=_values(space, best),
        importance=_importance(study, complete),
        trials=tuple(
            _record(space, trial, trial.number in study.user_attrs.get(INTERRUPTED, ()))
            for trial in study.get_trials(deepcopy=False)
        ),
    )


def _record(space: tuple[Dimension, ...], trial: "FrozenTrial", interrupted: bool) -> TrialRecord:
    states: dict[str, TrialState] = {"COMPLETE": "complete", "PRUNED": "pruned"}
    state = states.get(trial.state.name, "interrupted" if interrupted else "failed")
    seen = trial.intermediate_values
    return TrialRecord(
        number=trial.number,
        state="diverged" if DIVERGED in trial.user_attrs else state,
        top1=max(seen.values(), default=None),
        epochs=len(seen),
        seconds=trial.duration.total_seconds() if trial.duration else None,
        values=_values(space, trial),
    )


def _values(space: tuple[Dimension, ...], trial: "FrozenTrial") -> dict[str, Any]:
    """As the config has them; of a failed trial only those that were drawn."""
    drawn = trial.params
    return {d.field: d.value_of(drawn[d.field]) for d in space if d.field in drawn}


def _importance(study: "Study", complete: "list[FrozenTrial]") -> dict[str, float]:
    """By PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255)."""
    from optuna.importance import get_param_importances  # noqa: PLC0415

    if len({trial.value for trial in complete}) < 2:
        return {}
    return dict(get_param_importances(study))
