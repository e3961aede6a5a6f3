"""Who is asked: the account, and the clients of all checks."""

import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from infra.stages import StageConfig

# A check must not wait as long as a deployment may.
_CONFIG = Config(connect_timeout=4, read_timeout=8, retries={"max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True)
class Clients:
    """The clients of one session, each made once: making one is not safe in several threads."""

    session: "boto3.Session"
    _made: dict[tuple[str, str | None], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, service: str, region: str | None = None) -> Any:
        with self._lock:
            if (service, region) not in self._made:
                # A name that is only known at run time has no typed client.
                make: Any = self.session.client
                self._made[service, region] = make(service, region_name=region, config=_CONFIG)
            return self._made[service, region]


@dataclass(frozen=True)
class Account:
    """An account and region whose credentials work, and the stage that is to be deployed."""

    id: str
    arn: str
    region: str
    stage: StageConfig
    clients: Clients

    @property
    def stack_prefix(self) -> str:
        return f"VisionFlow-{self.stage.title}-"


def home_region(session: "boto3.Session", region: str | None) -> str:
    """A region that every account of the partition has. Elsewhere STS calls good credentials
    wrong where the region is not enabled."""
    partition = session.get_partition_for_region(region) if region else "aws"
    return "us-east-1" if partition == "aws" or region is None else region
