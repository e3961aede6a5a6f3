"""Starting instant trainings: for a person, and by the rule of a dataset."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from visionflow.access.budget import StageStop
from visionflow.datasets.flow import FLOW_RULE, labels_needed
from visionflow.datasets.record import LEAST_CLASSES, Dataset
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import RunNotFoundError, RunRefusedError
from visionflow.loop.flowing import utc_day
from visionflow.timestamps import new_id, timestamp

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Of each class: one to learn from and one to test with.
LEAST_IMAGES = 2


@dataclass(frozen=True)
class InstantTraining:
    """``machine``: the ARN of the state machine that trains."""

    store: DatasetStore
    runs: RunStore
    states: "SFNClient"
    machine: str

    def start(self, run: InstantRun, now: datetime) -> InstantRun:
        """Record ``run`` and let the state machine do it; where that fails, so has the run."""
        run = self.runs.start(run)
        try:
            self.execute(run)
        except Exception as error:
            with suppress(Exception):
                sentence = f"The state machine did not start ({error})."
                self.runs.fail(
                    run.dataset, run.id, timestamp(now), "platform_unavailable", sentence
                )
            raise
        return run

    def execute(self, run: InstantRun) -> None:
        """Let the state machine do ``run``. The same one again starts nothing."""
        try:
            # While it goes on, the same name and input are answered as the first time.
            self.states.start_execution(
                stateMachineArn=self.machine,
                name=run.id,
                input=json.dumps({"dataset": run.dataset, "run": run.id}),
            )
        except self.states.exceptions.ExecutionAlreadyExists:
            return

    def check_enough(self, dataset: Dataset) -> None:
        """Read images until each class has enough of them; where one has not, that is all.

        Raises `RunRefusedError` for too few classes or images.
        """
        classes = [known.name for known in dataset.classes]
        if len(classes) < LEAST_CLASSES:
            found = f"only {classes[0]!r}" if classes else "none"
            raise RunRefusedError(
                f"A training needs {LEAST_CLASSES} classes at least; {dataset.name} has {found}."
            )
        counts: Counter[str] = Counter()
        few = set(classes)
        for image in self.store.images.all(dataset.name):
            if image.label in few and image.state == "ready" and not image.removed:
                counts[image.label] += 1
                if counts[image.label] >= LEAST_IMAGES:
                    few.remove(image.label)
                    if not few:
                        return
        first = next(name for name in classes if name in few)
        raise RunRefusedError(
            f"The class {first!r} has {counts[first]} images that can be trained on, and a "
            f"training needs {LEAST_IMAGES} of each class. Label more, or delete the class."
        )


@dataclass(frozen=True)
class DueTraining:
    """``is_new``: it was not recorded yet."""

    run: InstantRun
    is_new: bool


@dataclass(frozen=True)
class RuleTraining:
    """What the rule of a dataset starts by itself: one training a day (UTC) at most, and none while
    another of the dataset goes on. It promotes nothing."""

    training: InstantTraining
    versions: VersionStore
    stop: StageStop

    def due(self, name: str, now: datetime) -> DueTraining | None:
        """The training to start now, if any; it is the only one of its day.

        A claim whose training was never recorded, or never began, is due again. Raises
        `DatasetMissingError`.
        """
        store, day = self.training.store, utc_day(now)
        dataset, last = store.dataset(name), self.training.runs.last_done(name)
        if dataset.flow is None or not dataset.flow.train or last is None:
            return None
        claimed = store.rule_training(name, day)
        if claimed is None:
            if not self._is_worth_it(dataset, last, now):
                return None
            claimed = store.claim_training(name, day, new_id(now))
        try:
            found = self.training.runs.run(name, claimed)
        except RunNotFoundError:
            run = InstantRun(
                id=claimed,
                dataset=name,
                version=0,
                model=last.model,
                state="waiting",
                started_at=timestamp(now),
                started_by=FLOW_RULE,
                promote=False,
            )
            return DueTraining(run, is_new=True)
        return DueTraining(found, is_new=False) if found.state == "waiting" else None

    def start(self, run: InstantRun) -> None:
        """Record ``run`` and let the state machine do it. A fault leaves it due: it may be a
        training that another call has started already."""
        self.training.execute(self.training.runs.start(run))

    def _is_worth_it(self, dataset: Dataset, last: InstantRun, now: datetime) -> bool:
        health = self.training.store.health(dataset.name)
        if health is None or health.trained_version != last.version:
            return False
        learned = self.versions.version(dataset.name, last.version)
        if health.new_labels < labels_needed(learned.images):
            return False
        # All are read, as the last to begin need not be the last to end.
        runs = self.training.runs.newest(dataset.name)
        if any(run.state in ("waiting", "running") for run in runs):
            return False
        if self.stop.current(now) is not None:
            return False
        try:
            self.training.check_enough(dataset)
        except RunRefusedError:
            return False
        return True
