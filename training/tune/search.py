"""Searching a config's best settings: Optuna proposes, validation top-1 decides.

The test part is never decoded. What was found is kept in SQLite after every epoch. A killed search
continues from there and ends with the same trials as an uninterrupted one: a proposal depends on
the seed and the finished trials alone.
"""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.config import TrainConfig
from training.data.training_data import TrainingData, load_training_data
from training.errors import DivergedError, TrainingError
from training.export.artifact import write_whole
from training.fit.changes import settings_changed
from training.fit.fit import check_start, fit
from training.report.plot_style import write_plots
from training.results.history import EpochRecord, best_record
from training.run_folder import only_writer, path_or_none, say_finished
from training.texts.progress import tell
from training.texts.terminal import say
from training.tune.config_file import to_toml
from training.tune.outcome import (
    DIVERGED,
    INTERRUPTED,
    RESULT_FILE,
    TuneReport,
    finished_trials,
    report_of,
    shown,
)
from training.tune.plots import SEARCH_PLOTS
from training.tune.space import Dimension, read_space, with_values
from visionflow import strict
from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

STUDY_FILE = "tune.db"
BEST_FILE = "best.toml"

_STUDY = "tune"
_IDENTITY = "identity"
# Trials that are drawn at random before results guide the search or prune a trial.
_RANDOM_TRIALS = 5
# No trial is ended in the first quarter of its epochs: a warm-up says little.
_SPARED_SHARE = 0.25
_WITHOUT_INFLUENCE = ("name", "version", "mlflow", "export")


def tune(
    config: TrainConfig, data: str | Path, out: str | Path, cache: str | Path | None = None
) -> TuneReport:
    """Search ``config.tune.space`` within its budget of trials and seconds.

    Finished trials that ``out`` holds count towards both, so the same call goes on with a killed
    search, and with a larger budget extends one. Writes `STUDY_FILE`, `RESULT_FILE`, the config of
    the best trial as `BEST_FILE` and plots. Decoded images are shared by all trials and kept in
    ``cache``; without one, in ``out`` until the search ends.

    Raises what `check_start` does before it reads an image, `ConfigError` for a space that cannot
    be searched, `TrainingError` when ``out`` belongs to another search or when no trial comes to
    its end.
    """
    data, out, cache = Path(data), Path(out), path_or_none(cache)
    check_start(config, out)
    space = read_space(config)
    with only_writer(out):
        search = _Search(config, space, data, out, cache or out / "cache")
        with _open_study(config, search.identity, out) as study:
            search.run(study)
            report = report_of(config.name, space, study)
        if _kept(out) == report:
            say_finished(out)
        else:
            best = with_values(config, report.best_values)
            write_whole(out / BEST_FILE, to_toml(best).encode())
            write_plots(SEARCH_PLOTS, report, out / "plots")
            # Last: what is there with it is complete.
            write_whole(out / RESULT_FILE, report.to_json().encode())
        if cache is None:
            shutil.rmtree(out / "cache", ignore_errors=True)
    return report


def _kept(out: Path) -> TuneReport | None:
    """What ``out`` holds of an earlier call."""
    try:
        return TuneReport.parse((out / RESULT_FILE).read_bytes())
    except (OSError, ConfigError):
        return None


class _Search:
    """What all trials share."""

    def __init__(
        self,
        config: TrainConfig,
        space: tuple[Dimension, ...],
        folder: Path,
        out: Path,
        cache: Path,
    ) -> None:
        # The study's own database keeps the trials.
        self._config = replace(config, mlflow=False)
        self._space = space
        self._folder = folder
        self._out = out
        self._cache = cache
        self._trials = out / "trials"
        self._data: dict[InputSpec, TrainingData] = {}
        # Wrong images should show before the first trial.
        self.identity = _identity(config, self._images(config))

    def run(self, study: "Study") -> None:
        """Trials until the budget is spent."""
        from optuna.trial import TrialState as State  # noqa: PLC0415

        # Of a trial that was running when a search was killed.
        for killed in study.get_trials(deepcopy=False, states=(State.RUNNING,)):
            _interrupt(study, killed.number)
        shutil.rmtree(self._trials, ignore_errors=True)
        if (count := len(finished_trials(study))) and not self._is_spent(finished_trials(study)):
            say(f"{self._out}: goes on after {count} finished trials.", file=sys.stderr)
        while not self._is_spent(finished := finished_trials(study)):
            study.sampler = _sampler(self._config.seed, len(finished))
            trial = study.ask()
            try:
                self._run_trial(study, trial)
            except KeyboardInterrupt:
                _interrupt(study, trial.number)
                raise
            except BaseException:
                study.tell(trial, state=State.FAIL)
                raise
            finally:
                shutil.rmtree(self._trials, ignore_errors=True)

    def _is_spent(self, finished: "list[FrozenTrial]") -> bool:
        budget = self._config.tune
        seconds = sum(trial.duration.total_seconds() for trial in finished if trial.duration)
        return len(finished) >= budget.trials or 0 < budget.seconds <= seconds

    def _run_trial(self, study: "Study", trial: "Trial") -> None:
        from optuna import TrialPruned  # noqa: PLC0415
        from optuna.trial import TrialState as State  # noqa: PLC0415

        values = {dimension.field: dimension.suggest(trial) for dimension in self._space}
        config = with_values(self._config, values)
        began = time.monotonic()

        def on_epoch(history: Sequence[EpochRecord]) -> None:
            trial.report(history[-1].validation_top1, step=history[-1].epoch)
            if trial.should_prune():
                raise TrialPruned

        try:
            run = self._trials / str(trial.number)
            fitted = fit(config, self._images(config), run, on_epoch)
        except TrialPruned:
            study.tell(trial, state=State.PRUNED)
            outcome = "pruned"
        except DivergedError as error:
            trial.set_user_attr(DIVERGED, str(error))
            study.tell(trial, state=State.PRUNED)
            outcome = "diverged"
        else:
            top1 = best_record(fitted.history).validation_top1
            study.tell(trial, top1)
            outcome = f"validation top-1 {top1:.4f}"
        where = ", ".join(f"{field} = {shown(value)}" for field, value in values.items())
        count = f"{len(finished_trials(study))} of {self._config.tune.trials}"
        tell(
            f"trial {trial.number} ({count}): {outcome}, {where}, {time.monotonic() - began:.1f} s"
        )

    def _images(self, config: TrainConfig) -> TrainingData:
        if config.input not in self._data:
            images = load_training_data(self._folder, config, self._cache, self._out)
            self._data[config.input] = images
        return self._data[config.input]


def _interrupt(study: "Study", number: int) -> None:
    """Close a running trial that was ended from outside: it does not count, and is run again."""
    from optuna.trial import TrialState as State  # noqa: PLC0415

    # An attribute of the study, since Optuna knows no such state. Written first: a kill between
    # both leaves a running trial, which the next call comes back to.
    known = study.user_attrs.get(INTERRUPTED, [])
    study.set_user_attr(INTERRUPTED, sorted({*known, number}))
    study.tell(number, state=State.FAIL)


def _identity(config: TrainConfig, data: TrainingData) -> dict[str, Any]:
    """What must be equal for trials to be compared: all fields that shape the weights."""
    fields: dict[str, Any] = strict.to_dict(config)
    for field in _WITHOUT_INFLUENCE:
        del fields[field]
    fields["tune"] = fields["tune"]["space"]
    return {"config": fields, "data": data.sha256}


@contextmanager
def _open_study(config: TrainConfig, identity: dict[str, Any], out: Path) -> "Iterator[Study]":
    import optuna  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{(out / STUDY_FILE).resolve()}")
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=_STUDY,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=_RANDOM_TRIALS, n_warmup_steps=int(_SPARED_SHARE * config.epochs)
            ),
        )
        found = study.user_attrs.get(_IDENTITY)
        if found is None:
            study.set_user_attr(_IDENTITY, identity)
        elif found != identity:
            changes = settings_changed(found["config"], identity["config"])
            if found["data"] != identity["data"]:
                changes.append("the images are others, or in another order")
            raise TrainingError(
                f"{out / STUDY_FILE} belongs to a search with another config or other images: "
                f"{'; '.join(changes)}. Choose another folder, or delete this one to start afresh."
            )
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _sampler(seed: int, finished: int) -> Any:
    from optuna.samplers import TPESampler  # noqa: PLC0415

    drawn = np.random.SeedSequence((seed, finished)).generate_state(1)
    return TPESampler(seed=int(drawn[0]), n_startup_trials=_RANDOM_TRIALS)
