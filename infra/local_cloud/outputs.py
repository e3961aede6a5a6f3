"""What the stacks of a stage put out, and what the local cloud keeps of it on disk."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from infra.errors import CommandError
from visionflow.errors import ConfigError
from visionflow.strict import parse_json

NOT_RUNNING = "No local cloud is running; start one with 'visionflow up'."


@dataclass(frozen=True)
class Addresses:
    """Where the local cloud is reached; URLs end without a slash."""

    api_url: str
    dashboard_url: str
    endpoint_url: str
    region: str


@dataclass(frozen=True)
class DataNames:
    """Names that the data stack gives to what the functions read and write."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
    insights_table: str
    audit_table: str
    usage_table: str
    budget_topic: str


@dataclass(frozen=True)
class TrainingNames:
    """Names that the data stack and the training stack give to what training jobs use."""

    datasets_bucket: str
    datasets_table: str
    jobs_bucket: str
    jobs_table: str
    job_state_machine: str
    job_role: str


@dataclass(frozen=True)
class Outputs(TrainingNames, DataNames, Addresses):
    """All that a command may need to know of the local cloud."""

    dashboard_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    event_bus: str

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


Names = TypeVar("Names", DataNames, TrainingNames, Outputs)


def named(cls: type[Names], outputs: Mapping[str, str], stage: str) -> Names:
    """The record ``cls`` of a stage's outputs: its field ``images_bucket`` is ``ImagesBucket``.

    Raises `CommandError` when an output is missing.
    """
    values = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): outputs[key] for key in outputs}
    names = [field.name for field in fields(cls)]
    if missing := ", ".join(name for name in names if name not in values):
        raise CommandError(
            f"Stage {stage} was deployed by another version of VisionFlow (it has no output for "
            f"{missing}); deploy it again."
        )
    return cls(**{name: values[name] for name in names})


def read_outputs(file: Path) -> Outputs:
    """Raises `CommandError` when nothing is deployed."""
    try:
        return parse_json(Outputs, file.read_text(), file.name)
    except FileNotFoundError:
        raise CommandError(NOT_RUNNING) from None
    except ConfigError as error:
        raise CommandError(f"{error}; run 'visionflow up' again.") from error
