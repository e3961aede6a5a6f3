"""Instant trainings of datasets: starting one, and looking at those that there were."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lambdas.api.datasets.bodies import RunList, TrainRequest
from visionflow.access.caller import Caller
from visionflow.access.quotas import TRAINING_IMAGES, Amounts, UsageStore
from visionflow.datasets.record import LEAST_CLASSES, Dataset
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import InvalidParameterError, RunRefusedError
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE
from visionflow.timestamps import new_id, timestamp

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Of each class: one to learn from and one to test with.
LEAST_IMAGES = 2
MOST_LISTED = 100


@dataclass(frozen=True)
class DatasetTraining:
    """``machine``: the ARN of the state machine that trains."""

    store: DatasetStore
    versions: VersionStore
    runs: RunStore
    usage: UsageStore
    states: "SFNClient"
    machine: str

    def start(self, name: str, wanted: TrainRequest, caller: Caller, now: datetime) -> InstantRun:
        """Record a training and let the state machine do it.

        Several of one dataset may run at once: each trains the version that it freezes, or that was
        named, under its own id. Raises `DatasetMissingError`, `InvalidParameterError`,
        `ForbiddenError` where it should be promoted and the caller may not, `RunRefusedError` for
        too few classes or images, `DatasetVersionMissingError`, and `QuotaExceededError`.
        """
        if wanted.promote:
            caller.require("models")
        model = wanted.model or name
        if not PLAIN_NAME.fullmatch(model):
            raise InvalidParameterError(f"model must have {PLAIN_NAME_RULE}; found {model!r:.80}.")
        dataset = self.store.dataset(name)
        if wanted.version is None:
            self._check_enough(dataset)
        else:
            # Its classes and images are checked by the training, which reads its manifest.
            self.versions.version(name, wanted.version)
        self.usage.spend(caller, Amounts(images=TRAINING_IMAGES))
        run = self.runs.start(
            InstantRun(
                id=new_id(now),
                dataset=name,
                version=wanted.version or 0,
                model=model,
                state="waiting",
                started_at=timestamp(now),
                started_by=caller.name,
                promote=wanted.promote,
            )
        )
        self._execute(run, now)
        return run

    def list(self, name: str) -> RunList:
        """Raises `DatasetMissingError`."""
        self.store.dataset(name)
        return RunList(self.runs.runs(name, MOST_LISTED))

    def get(self, name: str, run_id: str) -> InstantRun:
        """Raises `DatasetMissingError`, `RunNotFoundError`."""
        self.store.dataset(name)
        return self.runs.run(name, run_id)

    def _execute(self, run: InstantRun, now: datetime) -> None:
        try:
            self.states.start_execution(
                stateMachineArn=self.machine,
                # The same name and input start nothing twice.
                name=run.id,
                input=json.dumps({"dataset": run.dataset, "run": run.id}),
            )
        except Exception as error:
            with suppress(Exception):
                sentence = f"The state machine did not start ({error})."
                self.runs.fail(
                    run.dataset, run.id, timestamp(now), "platform_unavailable", sentence
                )
            raise

    def _check_enough(self, dataset: Dataset) -> None:
        """Read images until each class has enough of them; where one has not, that is all."""
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
