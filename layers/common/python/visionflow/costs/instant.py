"""What a training of a dataset takes, and costs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InstantForecast:
    """What a training of so many labelled images will take, in seconds and US dollars."""

    images: int
    seconds: float
    usd: float
