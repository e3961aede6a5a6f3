"""The machines that a training job may run on: size, quota, and price by region."""

from dataclasses import dataclass
from typing import Literal

from visionflow.jobs.machine_prices import machine_prices

Market = Literal["spot", "on-demand"]

VOLUME_GB = 150
_HOURS_PER_MONTH = 730


@dataclass(frozen=True)
class InstanceType:
    """``gpu`` names it and its memory; ``family`` decides which quota counts its vCPUs."""

    type: str
    gpu: str | None
    vcpus: int
    family: Literal["G", "standard"]

    @property
    def gpus(self) -> int:
        """How many GPUs it has: none of `INSTANCE_TYPES` has more than one."""
        return 0 if self.gpu is None else 1

    def own_price(self, market: Market, region: str) -> float:
        """USD for an hour of the machine alone, by the prices that stand for ``region``."""
        table = machine_prices()
        spot, on_demand = table.region[table.priced(region)].hours[self.type]
        return spot if market == "spot" else on_demand

    def price(self, market: Market, region: str) -> float:
        """USD for an hour with its public address and its volume."""
        table = machine_prices()
        volume = VOLUME_GB * table.region[table.priced(region)].volume_gb_months / _HOURS_PER_MONTH
        return self.own_price(market, region) + table.address_hours + volume

    def quota(self, market: Market) -> str:
        """The code of the EC2 quota, counted in vCPUs, that a launch in ``market`` draws on."""
        return QUOTAS[self.family, market]


# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
QUOTAS: dict[tuple[str, Market], str] = {
    ("G", "on-demand"): "L-DB2E81BA",
    ("G", "spot"): "L-3819A6DF",
    ("standard", "on-demand"): "L-1216C47A",
    ("standard", "spot"): "L-34B43A08",
}

INSTANCE_TYPES = (
    InstanceType("g4dn.xlarge", "NVIDIA T4, 16 GB", 4, "G"),
    InstanceType("g6.xlarge", "NVIDIA L4, 24 GB", 4, "G"),
    InstanceType("g5.xlarge", "NVIDIA A10G, 24 GB", 4, "G"),
    InstanceType("g4dn.2xlarge", "NVIDIA T4, 16 GB", 8, "G"),
    InstanceType("g6.2xlarge", "NVIDIA L4, 24 GB", 8, "G"),
    InstanceType("g5.2xlarge", "NVIDIA A10G, 24 GB", 8, "G"),
    InstanceType("g6e.xlarge", "NVIDIA L40S, 48 GB", 4, "G"),
    InstanceType("c7i.2xlarge", None, 8, "standard"),
)

BY_NAME = {instance.type: instance for instance in INSTANCE_TYPES}

DEFAULT_TYPES = ("g4dn.xlarge", "g6.xlarge", "g5.xlarge", "g4dn.2xlarge", "g6.2xlarge")
"""What a job without a type takes, whichever has capacity."""


def candidates(wanted: str | None) -> tuple[InstanceType, ...]:
    """The types that a job may run on. ``wanted`` must be one of `BY_NAME`."""
    return tuple(BY_NAME[name] for name in ((wanted,) if wanted else DEFAULT_TYPES))
