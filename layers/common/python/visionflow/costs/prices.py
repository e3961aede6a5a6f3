"""The dated table of prices in ``prices.toml``; those of machines are in `visionflow.jobs`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from visionflow import strict
from visionflow.errors import InvalidParameterError

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Prices:
    """US dollars for one of each, on demand; a GB has 2**30 bytes, a month 30 days."""

    lambda_requests: float
    lambda_gb_seconds_x86_64: float
    lambda_gb_seconds_arm64: float
    snap_start_cache_gb_seconds: float
    http_api_requests: float
    s3_puts: float
    s3_gets: float
    s3_gb_months: float
    sqs_requests: float
    dynamodb_write_units: float
    dynamodb_read_units: float
    dynamodb_gb_months: float
    logs_gb: float
    logs_gb_months: float
    metrics: float
    alarms: float
    dashboards: float
    keys: float
    traces: float
    state_transitions: float
    event_bus_events: float
    transfer_out_gb: float
    cloudfront_requests: float
    cloudfront_gb: float

    def of(self, item: str, architecture: str) -> float:
        """The price of one ``item``; Lambda's seconds have one for each architecture."""
        name = f"{item}_{architecture}" if item == "lambda_gb_seconds" else item
        return float(getattr(self, name))


@dataclass(frozen=True)
class PriceTable:
    """``free`` is what each month costs nothing, by item; ``looked_up`` is a date."""

    currency: str
    looked_up: str
    free: dict[str, float]
    region: dict[str, Prices]

    def of(self, region: str) -> Prices:
        """Raises `InvalidParameterError` for a region that is not in the table."""
        if region not in self.region:
            raise InvalidParameterError(
                f"there are no prices for {region!r:.40}; there are some for "
                f"{', '.join(self.region)}."
            )
        return self.region[region]


def price_region(region: str) -> str:
    """``region``, or the one whose prices stand for it where it has none here."""
    return region if region in price_table().region else DEFAULT_REGION


@cache
def price_table() -> PriceTable:
    """The table of this checkout. Raises `ConfigError` when it is not what `PriceTable` says."""
    file = Path(__file__).with_name("prices.toml")
    return strict.parse(PriceTable, tomllib.loads(file.read_text(encoding="utf-8")), file.name)
