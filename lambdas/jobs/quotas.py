"""Whether the account may run a machine, and whether the budget is enough to start one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.telemetry.log import logger
from visionflow.errors import JobRefusedError
from visionflow.jobs.instances import InstanceType, Market
from visionflow.jobs.record import JobRequest

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

LEAST_MINUTES = 15
"""A budget must buy this many minutes of the cheapest machine: installing alone takes minutes."""


class Quotas:
    """The account's limits on EC2, in vCPUs."""

    def __init__(self, client: "ServiceQuotasClient") -> None:
        self._client = client

    def vcpus(self, code: str) -> float | None:
        """The limit, or None if the service does not answer; EC2 itself refuses then."""
        try:
            answer = self._client.get_service_quota(ServiceCode="ec2", QuotaCode=code)
        except (ClientError, BotoCoreError) as error:
            logger.warning("quota unknown", extra={"quota": code, "error": str(error)})
            return None
        return answer["Quota"].get("Value")

    def within(self, types: Sequence[InstanceType], market: Market) -> tuple[InstanceType, ...]:
        """The ``types`` that fit into the quota."""
        limits = {code: self.vcpus(code) for code in {kind.quota(market) for kind in types}}

        def fits(kind: InstanceType) -> bool:
            limit = limits[kind.quota(market)]
            return limit is None or limit >= kind.vcpus

        return tuple(kind for kind in types if fits(kind))


def markets(request: JobRequest) -> tuple[Market, ...]:
    """In the order in which they are tried."""
    return ("on-demand",) if request.on_demand else ("spot", "on-demand")


def affordable(
    types: Sequence[InstanceType], wanted: Sequence[Market], usd: float, region: str
) -> dict[Market, tuple[InstanceType, ...]]:
    """The types of each market that ``usd`` pays for `LEAST_MINUTES`, by the prices of ``region``.

    Raises `JobRefusedError` when there is none.
    """
    found: dict[Market, tuple[InstanceType, ...]] = {
        market: tuple(
            kind for kind in types if kind.price(market, region) * LEAST_MINUTES / 60 <= usd
        )
        for market in wanted
    }
    if any(found.values()):
        return found
    price, market, name = min((t.price(m, region), m, t.type) for t in types for m in wanted)
    raise JobRefusedError(
        f"{usd:.2f} USD buy {usd / price * 60:.0f} minutes of {name} ({market}, about "
        f"{price:.2f} USD an hour); at least {LEAST_MINUTES} minutes are needed."
    )


def allowed(
    found: dict[Market, tuple[InstanceType, ...]], quotas: Quotas
) -> dict[Market, tuple[InstanceType, ...]]:
    """What the account's quotas leave of ``found``. Raises `JobRefusedError` for nothing."""
    left = {market: quotas.within(types, market) for market, types in found.items()}
    if any(left.values()):
        return left
    codes = sorted({kind.quota(market) for market, types in found.items() for kind in types})
    least = min(kind.vcpus for types in found.values() for kind in types)
    raise JobRefusedError(
        f"The account's EC2 quotas {', '.join(codes)} allow fewer than the {least} vCPUs that the "
        "smallest machine has. Ask for more in Service Quotas, or choose another instance type."
    )
