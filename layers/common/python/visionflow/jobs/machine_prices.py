"""The dated table of what machines cost, by region, in ``machine_prices.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from visionflow import strict

INSTEAD = "us-east-1"
"""Whose prices stand for a region that has none here."""


@dataclass(frozen=True)
class RegionPrices:
    """``hours``: by instance type, the prices of spot and on demand."""

    volume_gb_months: float
    hours: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class MachinePrices:
    """``looked_up`` is a date; ``address_hours``: of a public address."""

    looked_up: str
    address_hours: float
    region: dict[str, RegionPrices]

    def priced(self, region: str) -> str:
        """``region``, or the one whose prices stand for it."""
        return region if region in self.region else INSTEAD


@cache
def machine_prices() -> MachinePrices:
    """The table of this checkout. Raises `ConfigError` when it is not what `MachinePrices` says."""
    file = Path(__file__).with_name("machine_prices.toml")
    return strict.parse(MachinePrices, tomllib.loads(file.read_text(encoding="utf-8")), file.name)
