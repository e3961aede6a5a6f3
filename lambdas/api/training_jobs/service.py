"""Training jobs as the API offers them: starting, watching, stopping, and what can be asked for."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from lambdas import clients
from lambdas.api.resources import FREEZING_S, Resources
from lambdas.api.training_jobs.datasets import DataSet, DataSets
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import InvalidParameterError
from visionflow.jobs.control import JobControl
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.frozen import check_dataset, with_version
from visionflow.jobs.instances import INSTANCE_TYPES
from visionflow.jobs.machine_prices import INSTEAD, machine_prices
from visionflow.jobs.options import check_bucket, check_settings, training_options
from visionflow.jobs.record import RunsOn, TrainingJob, TrainingJobRequest, parse_request
from visionflow.jobs.settings import JobControlSettings
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits


@dataclass(frozen=True)
class StartRequest(TrainingJobRequest):
    """With the field that a request once had, so that whoever still sends it learns what to do."""

    promote: bool | None = None


@dataclass(frozen=True)
class TrainingJobList:
    """Jobs, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[TrainingJob, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Text:
    """The same in English and Korean."""

    en: str
    ko: str


@dataclass(frozen=True)
class Parameter:
    """A field of a config: its value there, what a form calls it, and what it means. ``choices``:
    all that it can be, null where that is no closed list."""

    default: Any
    choices: tuple[str, ...] | None
    label: Text
    about: Text


@dataclass(frozen=True)
class ConfigOption:
    """A config that a job can name; ``parameters`` by their dotted names."""

    name: str
    recipe: str
    model: str
    summary: Text
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class InstanceOption:
    """A machine that a job can name; prices in USD, about."""

    type: str
    gpu: str | None
    usd_per_hour_spot: float
    usd_per_hour: float


@dataclass(frozen=True)
class MachinePriceBasis:
    """The list that the prices of machines are from: its region, and the day on which it was looked
    up. ``instead_of``: the region of the stage, where there are no prices for it; else null."""

    region: str
    instead_of: str | None
    looked_up: str


@dataclass(frozen=True)
class TrainingOptions:
    """All that a form for a training job needs. ``models`` and ``recipes``: those that may take the
    place of a config's own. ``runs_on``: on the local cloud its computer trains, so there are no
    ``instances``; ``worker``: whether it is at work on jobs now, true on AWS. ``prices``: what the
    prices of the instances rest on."""

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    configs: tuple[ConfigOption, ...]
    datasets: tuple[DataSet, ...]
    instances: tuple[InstanceOption, ...]
    runs_on: RunsOn
    worker: bool
    prices: MachinePriceBasis


@dataclass(frozen=True)
class TrainingJobService:
    """Checks what is asked for; `JobControl` does it."""

    control: JobControl
    datasets: DataSets
    usage: UsageStore
    store: DatasetStore
    versions: VersionStore
    region: str = INSTEAD

    @classmethod
    def build(cls, resources: Resources) -> Self:
        settings = JobControlSettings.from_env(os.environ)
        store = JobStore(settings.jobs_table, resources.dynamodb)
        folders = JobFolders(settings.jobs_bucket, resources.s3)
        control = JobControl(
            store,
            folders,
            clients.states(),
            settings.job_state_machine,
            on_aws=bool(settings.on_aws),
        )
        datasets = DataSets(settings.datasets_bucket, resources.s3)
        versions = VersionStore(settings.datasets_bucket, resources.s3, resources.datasets)
        region = os.environ.get("AWS_REGION", INSTEAD)
        return cls(control, datasets, resources.usage, resources.datasets, versions, region)

    def start(self, asked: StartRequest, caller: Caller, now: datetime) -> TrainingJob:
        """Raises `InvalidParameterError`, `JobRefusedError`, what `check_dataset` and
        `with_version` do, and `QuotaExceededError`: the whole budget of a job counts when it
        starts, before a version is frozen for it."""
        fields = strict.to_dict(asked)
        if fields.pop("promote") is not None:
            raise InvalidParameterError(
                "promote is not part of a job: promote its version by POST "
                "/models/{name}/{version}/promote once it is published, or have an admin set POST "
                "/models/promotion-rule. Leave promote out.",
                "promote",
            )
        request = parse_request(fields)
        check_settings(request)
        check_bucket(request, self.datasets.bucket)
        check_dataset(request, self.store, self.versions)
        self.usage.spend(caller, Amounts(jobs=1, job_usd=request.budget_usd))
        request = with_version(request, self.versions, caller.name, now, FREEZING_S)
        return self.control.start(request)

    def page(self, limit: int, cursor: str | None) -> TrainingJobList:
        """Raises `InvalidCursorError`."""
        return TrainingJobList(*self.control.page(limit, cursor))

    def get(self, job_id: str) -> TrainingJob:
        """Raises `JobNotFoundError`, as do the next two; they raise `JobConflictError` too."""
        return self.control.get(job_id)

    def stop(self, job_id: str) -> TrainingJob:
        return self.control.stop(job_id)

    def resume(self, job_id: str, caller: Caller) -> TrainingJob:
        """The job goes on with what is left of its budget, which was counted when it started."""
        self.usage.spend(caller, Amounts(jobs=1))
        return self.control.resume(job_id)

    def options(self) -> TrainingOptions:
        known = training_options()
        setting = self.control.setting()
        configs = [{**config, "parameters": _settable(config)} for config in known["configs"]]
        return TrainingOptions(
            models=tuple(known["models"]),
            recipes=tuple(known["recipes"]),
            configs=strict.parse(tuple[ConfigOption, ...], configs, "training options"),
            datasets=self.datasets.find(),
            instances=tuple(
                InstanceOption(
                    kind.type,
                    kind.gpu,
                    kind.own_price("spot", self.region),
                    kind.own_price("on-demand", self.region),
                )
                for kind in (INSTANCE_TYPES if setting.runs_on == "aws" else ())
            ),
            runs_on=setting.runs_on,
            worker=setting.runs_on == "aws" or setting.worker,
            prices=_basis(self.region),
        )


def _basis(region: str) -> MachinePriceBasis:
    table = machine_prices()
    priced = table.priced(region)
    return MachinePriceBasis(priced, None if priced == region else region, table.looked_up)


def _settable(config: dict[str, Any]) -> dict[str, Any]:
    """Without what is the stage's and not a job's to set."""
    stages = GateLimits().fields
    return {name: value for name, value in config["parameters"].items() if name not in stages}
