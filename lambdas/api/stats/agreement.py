"""How far devices and the cloud agree about the same images."""

from dataclasses import dataclass

from visionflow.insights.changes import AGREED, COMPARED, GAP, MILLION
from visionflow.insights.counters import Counted
from visionflow.insights.intervals import share


@dataclass(frozen=True)
class DeviceAgreement:
    """Of ``compared`` images, that a device and the cloud answered by the same version,
    ``agreed`` have the same best label on both; ``low`` and ``high`` are a 95 % Wilson interval of
    that share. ``confidence_gap``: how far the confidences in that label are apart on average; null
    where none agreed."""

    compared: int
    agreed: int
    low: float
    high: float
    confidence_gap: float | None


def agreement(counted: Counted) -> DeviceAgreement | None:
    """None where nothing was compared."""
    compared, agreed = max(counted[COMPARED], 0), max(counted[AGREED], 0)
    if compared == 0:
        return None
    found = share(min(agreed, compared), compared)
    gap = counted[GAP] / MILLION / agreed if agreed else None
    return DeviceAgreement(found.n, found.correct, found.low, found.high, gap)
