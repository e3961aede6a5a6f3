"""Datasets as the API offers them: which there are, their classes and their versions."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas import clients
from lambdas.api.datasets.bodies import (
    MOST_DIFFERENCES,
    DatasetDeleted,
    DatasetDetails,
    DatasetHealth,
    DatasetList,
    DiffCounts,
    NewDataset,
    Relabelled,
    VersionDetails,
    VersionDiff,
    VersionList,
)
from lambdas.api.datasets.images import DatasetImages
from lambdas.api.datasets.training import MOST_LISTED, DatasetTraining
from lambdas.api.resources import FREEZING_S, Resources
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.costs.instant import InstantForecast, forecast
from visionflow.costs.prices import DEFAULT_REGION, price_region
from visionflow.datasets.changes import ClassChange
from visionflow.datasets.flow import Flow, Proposal, labels_needed
from visionflow.datasets.health import Health
from visionflow.datasets.names import CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX
from visionflow.datasets.record import Dataset, DatasetClass, DatasetVersion
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import DatasetConflictError, ForbiddenError, InvalidParameterError
from visionflow.images.store import ImageStore
from visionflow.jobs.settings import JobControlSettings
from visionflow.jobs.store import JobStore
from visionflow.loop.curation_queue import CurationQueue
from visionflow.loop.flowing import utc_day
from visionflow.loop.training import InstantTraining
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.timestamps import timestamp

LONGEST_NOTE = 1000
# What one call deletes for at most: half of what the API waits for a function.
_DELETING_S = 15.0
# Moves of aliases among which a version is looked for that has served before.
_LATEST_MOVES = 100


@dataclass(frozen=True)
class DatasetService:
    """``content``: the bucket of datasets. ``jobs``: on rented machines. ``images`` and
    ``training`` have the other routes."""

    store: DatasetStore
    versions: VersionStore
    content: ImageStore
    registry: ModelRegistry
    jobs: JobStore
    images: DatasetImages
    training: DatasetTraining

    @classmethod
    def build(cls, resources: Resources) -> Self:
        store, content = resources.datasets, resources.dataset_content
        curation = CurationQueue(store, resources.curation_queue, clients.sqs())
        runs = RunStore(store.table, resources.dynamodb)
        machine = resources.instant_machine
        versions = VersionStore(content.bucket, resources.s3, store)
        jobs_table = JobControlSettings.from_env(os.environ).jobs_table
        return cls(
            store,
            versions,
            content,
            resources.registry,
            JobStore(jobs_table, resources.dynamodb),
            DatasetImages.build(resources, store, content, curation),
            DatasetTraining(
                store,
                versions,
                resources.usage,
                InstantTraining(store, runs, clients.states(), machine),
            ),
        )

    def list(self) -> DatasetList:
        return DatasetList(self.store.datasets())

    def create(self, wanted: NewDataset, caller: Caller, now: datetime) -> Dataset:
        """Raises `InvalidParameterError`, `DatasetConflictError`."""
        classes = tuple(DatasetClass(name=name) for name in wanted.classes)
        dataset = Dataset(
            name=wanted.name,
            created_at=timestamp(now),
            created_by=caller.name,
            classes=classes,
        )
        self.store.create(dataset)
        # With the names of the classes as they are kept.
        return self.store.dataset(wanted.name)

    def details(self, name: str, now: datetime) -> DatasetDetails:
        """Raises `DatasetMissingError`, as all below do."""
        dataset = self.store.dataset(name)
        health, versions = self.store.health(name), self.versions.versions(name)
        runs = self.training.runs.runs(name, MOST_LISTED)
        return DatasetDetails(
            dataset,
            strict.parse(DatasetHealth, strict.to_dict(health), "health") if health else None,
            versions[-1] if versions else None,
            runs[0] if runs else None,
            _forecast(health),
            self.store.flowed(name, utc_day(now)),
            self._proposal(health, versions, runs),
        )

    def set_flow(self, name: str, flow: Flow | None, caller: Caller) -> Dataset:
        """Raises `InvalidParameterError`, and `ForbiddenError` for a caller who sees only their own
        records: the rule takes everybody's."""
        if self.images.records.owner_for(caller) is not None:
            raise ForbiddenError(
                "A rule takes images of everybody's records, and you see your own only; ask an "
                "admin."
            )
        return self.store.set_flow(name, flow)

    def delete(self, name: str) -> DatasetDeleted:
        """Delete a dataset, or go on with what an earlier call began: it is hidden, then its files
        go, and its rows last.

        Raises `DatasetConflictError` while an alias points at a model that it made, or a training
        of it goes on, instant or on a rented machine.
        """
        if any(run.state in ("waiting", "running") for run in self.training.runs.newest(name)):
            raise DatasetConflictError(f"{name} is being trained on; wait until that has ended.")
        if job := self.jobs.training_on(name):
            raise DatasetConflictError(
                f"Training job {job} trains on {name}; stop it, or wait until it has ended."
            )
        in_use = self.registry.aliases().in_use
        for model in self._models(name):
            if model in in_use:
                raise DatasetConflictError(
                    f"{model.name} {model.version} is in use and was made from {name}; promote "
                    "another version first, or keep the dataset."
                )
        end = self.store.clock() + _DELETING_S
        had_no_rows = self.store.delete(name, seconds=0)
        for prefix in (CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX):
            gone = self.content.erase_some(f"{prefix}{name}/", end - self.store.clock())
            if not gone and not had_no_rows:
                return DatasetDeleted(deleted=False)
        return DatasetDeleted(had_no_rows or self.store.delete(name, end - self.store.clock()))

    def change_class(self, name: str, change: ClassChange) -> Dataset:
        """Raises `InvalidParameterError`, `DatasetConflictError`."""
        changed = self.store.change_classes(name, change)
        self.images.curation.renew(name)
        return changed

    def version_list(self, name: str) -> VersionList:
        self.store.dataset(name)
        return VersionList(self.versions.versions(name)[::-1])

    def freeze(self, name: str, note: str | None, caller: Caller, now: datetime) -> DatasetVersion:
        """Raises `DatasetConflictError` for a dataset without a labelled image, and
        `DatasetTooLargeError`."""
        if note is not None and len(note) > LONGEST_NOTE:
            raise InvalidParameterError(
                f"note may have {LONGEST_NOTE:,} characters, found {len(note):,}.", "note"
            )
        return self.versions.freeze(name, caller.name, now, note, FREEZING_S)

    def version(self, name: str, number: int) -> VersionDetails:
        """Raises `DatasetVersionMissingError`."""
        found = self._version(name, number)
        models = self.training.runs.models(name, number)
        return VersionDetails(found, self.versions.url(found), models)

    def diff(self, name: str, new: int, old: int | None) -> VersionDiff:
        """From ``old``, by default the version before ``new``. Raises
        `DatasetVersionMissingError`."""
        after = self._version(name, new)
        before = self._version(name, new - 1 if old is None else old)
        found = self.versions.diff(before, after)
        return VersionDiff(
            before.number,
            after.number,
            DiffCounts(len(found.added), len(found.removed), len(found.relabelled)),
            found.added[:MOST_DIFFERENCES],
            found.removed[:MOST_DIFFERENCES],
            tuple(Relabelled(*change) for change in found.relabelled[:MOST_DIFFERENCES]),
        )

    def _proposal(
        self,
        health: Health | None,
        versions: Sequence[DatasetVersion],
        runs: Sequence[InstantRun],
    ) -> Proposal | None:
        """Raises nothing of its own; ``runs``: the newest first."""
        last = next((run for run in runs if run.state == "done"), None)
        if last is None:
            return None
        # Until the comparison that follows a training, labels were counted since the one before.
        counted = health is not None and health.trained_version == last.version
        labels = health.new_labels if health is not None and counted else 0
        accept = self._acceptable(runs)
        if not labels and accept is None:
            return None
        images = sum(version.images for version in versions if version.number == last.version)
        return Proposal(
            version=last.version, labels=labels, needed=labels_needed(images), run=accept
        )

    def _acceptable(self, runs: Sequence[InstantRun]) -> InstantRun | None:
        """The newest of ``runs`` whose model could serve instead of what does, if it was compared.

        A model that was retired, or has served and was replaced, was judged, and so was all that
        was there when another one was promoted.
        """
        in_use = self.registry.aliases().in_use
        moves = [
            move
            for move in self.registry.history(_LATEST_MOVES).items
            if move.name and move.version and move.alias != "shadow"
        ]
        judged = {ModelRef(str(move.name), str(move.version)) for move in moves}
        promotions = [move.moved_at for move in moves if move.alias == "production"]
        promoted_at = max(promotions, default="")
        for run in runs:
            if run.state != "done" or run.model_version is None:
                continue
            model = ModelRef(run.model, run.model_version)
            row = self.registry.version(model)
            if model in in_use | judged or row is None or row.retired:
                return None
            if (run.finished_at or "") <= promoted_at:
                return None
            if run.result and run.result.compared:
                return run
        return None

    def _version(self, name: str, number: int) -> DatasetVersion:
        self.store.dataset(name)
        return self.versions.version(name, number)

    def _models(self, name: str) -> Iterator[ModelRef]:
        """What the versions of a dataset made."""
        for version in self.versions.versions(name):
            yield from self.training.runs.models(name, version.number)


def _forecast(health: Health | None) -> InstantForecast | None:
    """Of a training of all images that were ready at the last comparison, as if all had a label:
    they get theirs later, and curation has embedded them."""
    ready = health.labelled + health.unlabelled if health else 0
    if not ready:
        return None
    region = os.environ.get("AWS_REGION", DEFAULT_REGION)
    return forecast(ready, ready, price_region(region))
