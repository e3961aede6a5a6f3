"""Where a deployed stage is reached: the outputs of its stacks, as every command reads them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.errors import CommandError
from visionflow.errors import ConfigError
from visionflow.strict import parse_json


@dataclass(frozen=True)
class Outputs:
    """URLs end without a slash."""

    api_url: str
    dashboard_url: str
    endpoint_url: str
    region: str
    images_bucket: str
    models_bucket: str
    dashboard_bucket: str
    datasets_bucket: str
    predictions_table: str
    registry_table: str
    insights_table: str
    jobs_bucket: str
    jobs_table: str
    job_state_machine: str
    job_role: str
    job_log_group: str
    queue_url: str
    dead_letter_queue_url: str

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_outputs(file: Path) -> Outputs:
    """Raises `CommandError` when nothing is deployed."""
    try:
        return parse_json(Outputs, file.read_text(), file.name)
    except FileNotFoundError:
        raise CommandError("No local cloud is running; start one with 'visionflow up'.") from None
    except ConfigError as error:
        raise CommandError(f"{error}; run 'visionflow up' again.") from error
