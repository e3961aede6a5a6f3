"""A training job: what was asked, where it stands, and what its machine reports.

A job has two sides. The *record* belongs to the control plane (API, state machine): state,
reason, instance, money; it is a row of a table that no machine can reach. The *report* belongs to
the machine that trains: heartbeat, epochs, log, outcome; it is an object in the machine's folder.
Neither side writes the other's, so a faulty machine can change neither its job's state nor another
job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypedDict

from visionflow import strict
from visionflow.errors import ConfigError, InvalidParameterError
from visionflow.jobs.instances import BY_NAME
from visionflow.models.ref import ModelRef

JobState = Literal[
    "queued", "launching", "running", "publishing", "stopping", "succeeded", "failed", "cancelled"
]
Place = Literal["ec2", "local"]
RunsOn = Literal["aws", "local"]
OutcomeKind = Literal["finished", "failed", "interrupted"]

ENDED: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})

# What each state may follow. A job that failed or was cancelled may be queued again: it goes on
# from its checkpoint.
FOLLOWS: dict[JobState, frozenset[JobState]] = {
    "queued": frozenset({"failed", "cancelled"}),
    "launching": frozenset({"queued", "launching", "running"}),
    "running": frozenset({"launching", "running"}),
    # From queued: a finished run whose publishing failed.
    "publishing": frozenset({"queued", "running", "publishing"}),
    "stopping": frozenset({"queued", "launching", "running", "stopping"}),
    "succeeded": frozenset({"publishing"}),
    "failed": frozenset({"queued", "launching", "running", "publishing", "stopping"}),
    "cancelled": frozenset({"stopping"}),
}

DEFAULT_MAX_HOURS = 8.0
LONGEST_HOURS = 24.0
DEFAULT_BUDGET_USD = 10.0
LARGEST_BUDGET_USD = 500.0
# The fields of a request that came later, with what one without them means.
ADDED_FIELDS: Final = MappingProxyType({"dataset": None, "dataset_version": None})
LONGEST_TEXT = 500
MOST_FIELDS = 50


@dataclass(frozen=True)
class TrainingJobRequest:
    """What to train on what, and what it may take.

    ``config``: a committed config. ``data``: ``s3://bucket/prefix`` of class folders; empty where
    ``dataset`` is named. ``set``: dotted fields of the config and their values. ``instance``: a
    type, or null for any usual one. ``grow_from``: the job whose model gets further classes.
    ``dataset``: the name of a dataset. ``dataset_version``: the number of its version, or null for
    what it holds at the time of the request.
    """

    config: str
    data: str = ""
    model: str | None = None
    recipe: str | None = None
    set: dict[str, Any] | None = None
    instance: str | None = None
    on_demand: bool = False
    max_hours: float = DEFAULT_MAX_HOURS
    budget_usd: float = DEFAULT_BUDGET_USD
    grow_from: str | None = None
    dataset: str | None = None
    dataset_version: int | None = None


@dataclass(frozen=True)
class JobRequest(TrainingJobRequest):
    """The request, and where it runs. ``place``: ``local`` starts no machine; the command line
    starts the process itself, which the API cannot. Of a job on a dataset, ``dataset_version`` and
    ``data``, the folder of its images, are filled in when it starts."""

    place: Place = "ec2"


@dataclass(frozen=True)
class JobInstance:
    """The machine of a job."""

    id: str
    type: str
    zone: str
    spot: bool


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """The control plane's row, by default of a job that has just been queued.

    Attributes:
        attempt: which machine this is, from 1; 0 before the first.
        execution: which run of the state machine this is, from 1.
        reporters: the folder of every machine so far, newest last.
        usd_per_hour: of the machine that runs now.
        launched_at: of the machine that runs now.
        spent_usd: by the machines before it.
        model: what was published.
    """

    id: str
    state: JobState = "queued"
    reason: str | None = None
    request: JobRequest
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    instance: JobInstance | None = None
    attempt: int = 0
    execution: int = 1
    reporters: tuple[str, ...] = ()
    usd_per_hour: float = 0.0
    launched_at: str | None = None
    spent_usd: float = 0.0
    model: ModelRef | None = None

    @property
    def reporter(self) -> str | None:
        """The folder of the machine that may report now."""
        return self.reporters[-1] if self.reporters else None

    def cost_usd(self, now: datetime) -> float:
        """What the machines have cost until ``now``."""
        if self.launched_at is None:
            return self.spent_usd
        return self.spent_usd + hours_between(self.launched_at, now) * self.usd_per_hour


class JobChanges(TypedDict, total=False):
    """The fields of a `JobRecord` that change while it lives, beside its state."""

    reason: str | None
    started_at: str | None
    ended_at: str | None
    instance: JobInstance | None
    attempt: int
    execution: int
    reporters: tuple[str, ...]
    usd_per_hour: float
    launched_at: str | None
    spent_usd: float
    model: ModelRef | None


@dataclass(frozen=True)
class JobProgress:
    """``epoch`` of ``epochs`` are done, through all phases of the recipe."""

    step: str
    epoch: int
    epochs: int


@dataclass(frozen=True)
class JobEpoch:
    """One point of the curves."""

    epoch: int
    train_loss: float
    train_top1: float
    validation_loss: float
    validation_top1: float
    seconds: float


@dataclass(frozen=True)
class JobOutcome:
    """How the machine's work ended. ``reason`` is a sentence, null for ``finished``."""

    kind: OutcomeKind
    reason: str | None


@dataclass(frozen=True)
class JobReport:
    """What a machine says of itself."""

    reporter: str
    job_id: str
    heartbeat_at: str
    progress: JobProgress | None
    epochs: tuple[JobEpoch, ...]
    log_tail: tuple[str, ...]
    outcome: JobOutcome | None


@dataclass(frozen=True)
class TrainingJob:
    """A job as people see it, record and report in one. Money in USD, times ISO 8601 in UTC.

    ``runs_on``: a rented machine, or the computer of the local cloud, where ``instance`` is null
    and nothing costs. ``waits_for_worker``: nothing trains it until `visionflow jobs machines`
    runs there.
    """

    id: str
    state: JobState
    reason: str | None
    config: JobRequest
    created_at: str
    started_at: str | None
    ended_at: str | None
    heartbeat_at: str | None
    instance: JobInstance | None
    progress: JobProgress | None
    epochs: tuple[JobEpoch, ...]
    eta_seconds: float | None
    cost_usd: float
    budget_usd: float
    max_hours: float
    model: ModelRef | None
    log_tail: tuple[str, ...]
    runs_on: RunsOn
    waits_for_worker: bool


def parse_request(data: Mapping[str, Any]) -> JobRequest:
    """A request from JSON, with the defaults of the class for what it leaves out.

    Raises `InvalidParameterError`.
    """
    defaults = strict.to_dict(JobRequest(config=""))
    if not data.get("config"):
        raise InvalidParameterError("config must be given.", "config")
    if bool(data.get("data")) == (data.get("dataset") is not None):
        raise InvalidParameterError(
            "Give either dataset, the name of one, or data, s3://BUCKET/PREFIX of class folders.",
            "data",
        )
    try:
        request = strict.parse(JobRequest, {**defaults, **data}, "body")
    except ConfigError as error:
        place = str(error).partition(":")[0].removeprefix("body").lstrip(".")
        raise InvalidParameterError(str(error), place or None) from error
    for wrong, field, sentence in _complaints(request):
        if wrong:
            raise InvalidParameterError(sentence, field)
    return request


def _complaints(request: JobRequest) -> list[tuple[bool, str, str]]:
    """Of each rule whether it is broken, the field at fault, and what is wrong with it."""
    bucket, slash, _ = request.data.removeprefix("s3://").partition("/")
    named = request.dataset is not None
    texts = {name: getattr(request, name) for name in ("config", "model", "recipe", "grow_from")}
    return [
        (
            not named and (not request.data.startswith("s3://") or not bucket or not slash),
            "data",
            "data must be s3://BUCKET/PREFIX, a folder of class folders.",
        ),
        *(
            (
                text is not None and not least <= len(text) <= LONGEST_TEXT,
                name,
                f"{name}: a text must have 1 to {LONGEST_TEXT} characters.",
            )
            for name, text, least in (
                *((name, text, 1) for name, text in texts.items()),
                ("data", request.data, 0),
            )
        ),
        (
            request.dataset_version is not None and (not named or request.dataset_version < 1),
            "dataset_version",
            "dataset_version is the number of a version of the dataset that is named, from 1.",
        ),
        (len(request.set or {}) > MOST_FIELDS, "set", f"set takes at most {MOST_FIELDS} fields."),
        (
            request.instance is not None and request.instance not in BY_NAME,
            "instance",
            f"instance must be one of {', '.join(BY_NAME)}.",
        ),
        (
            not 0 < request.max_hours <= LONGEST_HOURS,
            "max_hours",
            f"max_hours must be above 0 and at most {LONGEST_HOURS:g}.",
        ),
        (
            not 0 < request.budget_usd <= LARGEST_BUDGET_USD,
            "budget_usd",
            f"budget_usd must be above 0 and at most {LARGEST_BUDGET_USD:g}.",
        ),
    ]


def local_session(record: JobRecord) -> str:
    """The session name under which the process of a local job takes the machines' role."""
    return f"local-{record.id}-{record.attempt}"


def overrides(request: JobRequest) -> dict[str, Any]:
    """What the request says about the config, by dotted field name."""
    given = {"model.name": request.model, "recipe": request.recipe}
    return {name: value for name, value in given.items() if value is not None} | (request.set or {})


@dataclass(frozen=True)
class Setting:
    """Where the jobs of a stage run: ``worker`` is whether the computer of the local cloud is at
    work on them now."""

    runs_on: RunsOn
    worker: bool = False


ON_AWS: Final = Setting("aws")


def describe(
    record: JobRecord, report: JobReport | None, now: datetime, setting: Setting = ON_AWS
) -> TrainingJob:
    """Both sides as one."""
    ended = record.state in ENDED
    local = record.request.place == "local" or setting.runs_on == "local"
    waits = record.request.place == "ec2" and record.state in ("queued", "launching", "running")
    progress = report.progress if report else None
    return TrainingJob(
        id=record.id,
        state=record.state,
        reason=record.reason,
        config=record.request,
        created_at=record.created_at,
        started_at=record.started_at,
        ended_at=record.ended_at,
        heartbeat_at=report.heartbeat_at if report else None,
        instance=None if local else record.instance,
        progress=progress,
        epochs=report.epochs if report else (),
        eta_seconds=None if ended or report is None else _eta(report),
        cost_usd=round(record.cost_usd(now), 4),
        budget_usd=record.request.budget_usd,
        max_hours=record.request.max_hours,
        model=record.model,
        log_tail=report.log_tail if report else (),
        runs_on="local" if local else "aws",
        waits_for_worker=local and waits and not setting.worker,
    )


def hours_between(earlier: str, now: datetime) -> float:
    """Hours from a timestamp to ``now``, at least 0."""
    return max(0.0, (now - datetime.fromisoformat(earlier)).total_seconds() / 3600)


def _eta(report: JobReport) -> float | None:
    """Seconds that the epochs to come will take, by the mean of those that are done."""
    if report.progress is None or not report.epochs:
        return None
    mean = sum(epoch.seconds for epoch in report.epochs) / len(report.epochs)
    return round(mean * max(0, report.progress.epochs - len(report.epochs)), 1)
