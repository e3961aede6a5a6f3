"""What training and datasets have cost in a month: rented jobs, instant trainings, curation."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from visionflow.costs.estimate import bill
from visionflow.costs.instant import (
    FIT_MEMORY_MB,
    TYPICAL_MEGAPIXELS,
    curation_amounts,
    fit_seconds,
    measured_training,
    training_amounts,
)
from visionflow.costs.measured import measured
from visionflow.costs.prices import Prices, price_table
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.jobs.store import JobStore

# Reading these takes some seconds; what is beyond them is not counted, and the answer says so.
MOST_JOBS = 500
MOST_DATASETS = 100
MOST_IMAGES = 50_000
_PAGE = 100
_KEPT_S = 300.0


@dataclass(frozen=True)
class TrainingCost:
    """Of what began in a month, in US dollars. ``jobs`` on rented machines cost what these did,
    ``trainings`` without one by the time that their steps took, and ``curated`` images as
    estimated. ``complete``: all of it was looked at."""

    jobs: int
    jobs_usd: float
    trainings: int
    trainings_usd: float
    curated: int
    curated_usd: float
    complete: bool

    @property
    def total(self) -> float:
        return self.jobs_usd + self.trainings_usd + self.curated_usd


class TrainingCosts:
    """Reads jobs, trainings and images of datasets; once in some minutes for each month."""

    def __init__(
        self,
        jobs: JobStore,
        datasets: DatasetStore,
        runs: RunStore,
        architecture: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.jobs, self.datasets, self.runs = jobs, datasets, runs
        self.architecture = architecture
        self._clock = clock
        self._found: dict[tuple[str, str], tuple[float, TrainingCost]] = {}

    def since(self, first: str, region: str, now: datetime) -> TrainingCost:
        """Of what began at ``first`` (a timestamp) or later, at most `_KEPT_S` old."""
        at = self._clock()
        self._found = {key: kept for key, kept in self._found.items() if at < kept[0]}
        if (first, region) not in self._found:
            self._found[first, region] = at + _KEPT_S, self._read(first, region, now)
        return self._found[first, region][1]

    def _read(self, first: str, region: str, now: datetime) -> TrainingCost:
        prices = price_table().of(region)
        jobs, all_jobs = self._jobs(first, now)
        names = [dataset.name for dataset in self.datasets.datasets()]
        runs = [
            run
            for name in names[:MOST_DATASETS]
            for run in takewhile(lambda run: run.started_at >= first, self.runs.newest(name))
        ]
        curated, left = 0, MOST_IMAGES
        for name in names[:MOST_DATASETS]:
            added, read = self.datasets.images.added_since(name, first, left)
            curated, left = curated + added, left - read
            if left == 0:
                break
        return TrainingCost(
            jobs=len(jobs),
            jobs_usd=sum(jobs),
            trainings=len(runs),
            trainings_usd=sum(self._run(run, prices, now) for run in runs),
            curated=curated,
            curated_usd=self._curation(curated, prices),
            complete=all_jobs and len(names) <= MOST_DATASETS and left > 0,
        )

    def _jobs(self, first: str, now: datetime) -> tuple[list[float], bool]:
        """Dollars of each job, and whether these are all."""
        found: list[float] = []
        cursor = None
        while len(found) < MOST_JOBS:
            page = self.jobs.page(_PAGE, cursor)
            fresh = [job for job in page.items if job.created_at >= first]
            found += [job.cost_usd(now) for job in fresh]
            cursor = page.next_cursor
            if cursor is None or len(fresh) < len(page.items):
                return found, True
        return found, False

    def _run(self, run: InstantRun, prices: Prices, now: datetime) -> float:
        """By the seconds of its steps; images that had no embedding yet as estimated."""
        base, taken = measured(), measured_training()
        embedded = next((step.total or 0 for step in run.steps if step.name == "embed"), 0)
        amounts = training_amounts(0, embedded, TYPICAL_MEGAPIXELS, base, taken)
        seconds = sum(
            _seconds(step.started_at, step.finished_at or run.finished_at, now)
            for step in run.steps
            if step.name != "embed"
        )
        amounts["lambda_gb_seconds"] += (seconds - fit_seconds(0, taken)) * FIT_MEMORY_MB / 1024
        return sum(bill(amounts, prices, self.architecture, {}).values())

    def _curation(self, images: int, prices: Prices) -> float:
        amounts = curation_amounts(images, TYPICAL_MEGAPIXELS, measured(), measured_training())
        return sum(bill(amounts, prices, self.architecture, {}).values()) if images else 0.0


def _seconds(started: str, finished: str | None, now: datetime) -> float:
    end = now if finished is None else datetime.fromisoformat(finished)
    return max(0.0, (end - datetime.fromisoformat(started)).total_seconds())
