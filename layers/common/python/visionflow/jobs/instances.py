"""The machines that a training job may run on: size, quota and price.

On-demand prices are AWS's list prices in USD for an hour of Linux in us-east-1, checked against
published copies of the price list on 2026-11-21. Spot prices are what spot has usually cost there,
and could not be checked. Other regions differ by up to a third. The prices bound what a job may
spend; they are not a bill.
"""

from dataclasses import dataclass
from typing import Literal

Market = Literal["spot", "on-demand"]

VOLUME_GB = 150
# With any machine: its public address, and its volume of gp3 at 0.08 a GB and month.
BESIDE_USD_PER_HOUR = 0.005 + VOLUME_GB * 0.08 / 730


@dataclass(frozen=True)
class InstanceType:
    """``gpu`` names it and its memory; ``family`` decides which quota counts its vCPUs. Prices are
    the machine's own."""

    type: str
    gpu: str | None
    vcpus: int
    family: Literal["G", "standard"]
    usd_per_hour_spot: float
    usd_per_hour: float

    @property
    def gpus(self) -> int:
        """How many GPUs it has: none of `INSTANCE_TYPES` has more than one."""
        return 0 if self.gpu is None else 1

    def price(self, market: Market) -> float:
        """USD for an hour with address and volume."""
        own = self.usd_per_hour_spot if market == "spot" else self.usd_per_hour
        return own + BESIDE_USD_PER_HOUR

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
    InstanceType("g4dn.xlarge", "NVIDIA T4, 16 GB", 4, "G", 0.22, 0.526),
    InstanceType("g6.xlarge", "NVIDIA L4, 24 GB", 4, "G", 0.33, 0.8048),
    InstanceType("g5.xlarge", "NVIDIA A10G, 24 GB", 4, "G", 0.42, 1.006),
    InstanceType("g4dn.2xlarge", "NVIDIA T4, 16 GB", 8, "G", 0.31, 0.752),
    InstanceType("g6.2xlarge", "NVIDIA L4, 24 GB", 8, "G", 0.40, 0.9776),
    InstanceType("g5.2xlarge", "NVIDIA A10G, 24 GB", 8, "G", 0.49, 1.212),
    InstanceType("g6e.xlarge", "NVIDIA L40S, 48 GB", 4, "G", 0.75, 1.861),
    InstanceType("c7i.2xlarge", None, 8, "standard", 0.15, 0.357),
)

BY_NAME = {instance.type: instance for instance in INSTANCE_TYPES}

DEFAULT_TYPES = ("g4dn.xlarge", "g6.xlarge", "g5.xlarge", "g4dn.2xlarge", "g6.2xlarge")
"""What a job without a type takes, whichever has capacity."""


def candidates(wanted: str | None) -> tuple[InstanceType, ...]:
    """The types that a job may run on. ``wanted`` must be one of `BY_NAME`."""
    return tuple(BY_NAME[name] for name in ((wanted,) if wanted else DEFAULT_TYPES))
