"""What a function is called in logs and metrics."""

import os
from dataclasses import dataclass
from typing import Final

from visionflow.settings import PREFIX, EnvSettings

NAMESPACE: Final = "VisionFlow"
"""Of every metric that functions write themselves."""


@dataclass(frozen=True)
class TelemetrySettings(EnvSettings):
    """``service_name``: the function, as code calls it."""

    service_name: str


def service_name() -> str:
    return os.environ.get(f"{PREFIX}SERVICE_NAME", "unnamed")
