"""Instant trainings of datasets: starting one, and looking at those that there were."""

from dataclasses import dataclass
from datetime import datetime

from lambdas.api.datasets.bodies import RunList, TrainRequest
from visionflow.access.caller import Caller
from visionflow.access.quotas import TRAINING_IMAGES, Amounts
from visionflow.access.usage import UsageStore
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import InvalidParameterError
from visionflow.loop.training import InstantTraining
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE
from visionflow.timestamps import new_id, timestamp

MOST_LISTED = 100


@dataclass(frozen=True)
class DatasetTraining:
    """Trainings that people start, and those that there were."""

    store: DatasetStore
    versions: VersionStore
    usage: UsageStore
    instant: InstantTraining

    @property
    def runs(self) -> RunStore:
        return self.instant.runs

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
            raise InvalidParameterError(
                f"model must have {PLAIN_NAME_RULE}; found {model!r:.80}.", "model"
            )
        dataset = self.store.dataset(name)
        if wanted.version is None:
            self.instant.check_enough(dataset)
        else:
            # Its classes and images are checked by the training, which reads its manifest.
            self.versions.version(name, wanted.version)
        self.usage.spend(caller, Amounts(images=TRAINING_IMAGES))
        return self.instant.start(
            InstantRun(
                id=new_id(now),
                dataset=name,
                version=wanted.version or 0,
                model=model,
                state="waiting",
                started_at=timestamp(now),
                started_by=caller.name,
                promote=wanted.promote,
            ),
            now,
        )

    def list(self, name: str) -> RunList:
        """Raises `DatasetMissingError`."""
        self.store.dataset(name)
        return RunList(self.runs.runs(name, MOST_LISTED))

    def get(self, name: str, run_id: str) -> InstantRun:
        """Raises `DatasetMissingError`, `RunNotFoundError`."""
        self.store.dataset(name)
        return self.runs.run(name, run_id)
