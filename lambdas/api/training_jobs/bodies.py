"""The bodies of the routes about training jobs."""

from dataclasses import dataclass
from typing import Any

from lambdas.api.training_jobs.datasets import DataSet
from visionflow.jobs.record import TrainingJob


@dataclass(frozen=True)
class TrainingJobList:
    """Jobs, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[TrainingJob, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Parameter:
    """A field of a config: its value there, and what it means."""

    default: Any
    about: str


@dataclass(frozen=True)
class ConfigOption:
    """A config that a job can name; ``parameters`` by their dotted names."""

    name: str
    recipe: str
    model: str
    summary: str
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class InstanceOption:
    """A machine that a job can name; prices in USD, about."""

    type: str
    gpu: str | None
    usd_per_hour_spot: float
    usd_per_hour: float


@dataclass(frozen=True)
class TrainingOptions:
    """All that a form for a training job needs. ``models`` and ``recipes``: those that may take the
    place of a config's own."""

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    configs: tuple[ConfigOption, ...]
    datasets: tuple[DataSet, ...]
    instances: tuple[InstanceOption, ...]
