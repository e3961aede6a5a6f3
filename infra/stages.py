"""What differs between the stages.

Free of CDK imports, so that the command line can read a stage without paying for jsii.
"""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from infra.errors import CommandError
from visionflow.access.quotas import Amounts, Quotas
from visionflow.costs.amounts import MB_PER_VCPU
from visionflow.models.gate import GateLimits

LayerTarget = Literal["host", "x86_64", "arm64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Token bucket of the HTTP API: sustained requests per second and the burst above it."""

    rate: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Most simultaneous executions per function; None reserves nothing."""

    predict: int | None = None
    ingest: int | None = None
    api: int | None = None
    shadow: int | None = None

    @property
    def total(self) -> int:
        """What is taken from the account's executions."""
        return sum(part or 0 for part in (self.predict, self.ingest, self.api, self.shadow))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLimits:
    """What a stage may use in a calendar month, and so what it may cost.

    Attributes:
        quotas: of each caller and of the whole stage.
        health: limits of `/health`, which strangers may use: half for GET and half for HEAD.
        worst_case_usd: the most that the limits allow, whoever tries: `visionflow cost
            --worst-case` computes it and a test holds it. AWS Budgets stops the stage there.
    """

    quotas: Quotas
    health: Throttle
    worst_case_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """One stage of the project. What costs money while idle is off by default.

    Attributes:
        name: `local`, `dev` or `prod`.
        on_aws: False only for the local cloud, which leaves out what an emulator cannot hold:
            CloudFront, the sign-in, custom resources. It speaks plain HTTP, on loopback.
        keep_data: `cdk destroy` leaves buckets and tables behind, and tables refuse deletion.
        point_in_time_recovery: tables can be restored to any second of the last 35 days.
        tracing: send traces to X-Ray. Lambda records the first request of each second and a
            twentieth of the others, and offers no other rate: up to 13 USD a month.
        layer_target: machine the runtime layer is built for. AWS stages follow it with the
            Lambda architecture; `host` is the interpreter that runs the local cloud.
        predict_memory_mb: `MB_PER_VCPU` buys one full vCPU.
        ingest_memory_mb: as above.
        api_memory_mb: memory of the read API.
        records: `shared`: everybody who may read sees all records; `own`: each caller sees only
            what they sent, and admins see all.
        original_retention_days: for how long the images that came through the API and the page are
            kept, at least 2. What a dataset took has its own copy.
        prediction_retention_days: life of a record, and of a thumbnail from when it was made.
        log_retention_days: life of function and access logs.
        throttle: limits of the HTTP API's default stage, which hold for strangers too.
        limits: what callers and the stage may use in a month.
        reserved_concurrency: executions set aside for, and at most used by, each function.
        ingest_max_concurrency: most ingest executions the queue may drive at once (at least 2).
        backfill_max_concurrency: most chunks of backfills that are classified at once.
        snap_start: start new executions of the functions that classify from a snapshot. AWS bills a
            snapshot by the hour, used or not.
        alarm_email: address that hears of alarms and of a spent budget; with None, subscribe to
            both topics yourself.
        job_image_parameter: the public SSM parameter that names the image of training machines.
        job_watch_seconds: time between two looks at a training job.
        gate: what a run of a training job must keep to be published.
        alarm_key: encrypt alarms with a key of this account, which AWS bills by the month.
        all_alarms: besides the ten alarms that AWS gives each account, one for the errors of every
            function, the backlog of every queue and the agreement with devices, which AWS bills by
            the month.
    """

    name: str
    on_aws: bool
    keep_data: bool
    point_in_time_recovery: bool
    tracing: bool
    layer_target: LayerTarget
    prediction_retention_days: int
    log_retention_days: Literal[7, 14, 90]
    throttle: Throttle
    limits: StageLimits
    ingest_max_concurrency: int
    backfill_max_concurrency: int
    job_image_parameter: str
    job_watch_seconds: int
    original_retention_days: int = 7
    records: Literal["shared", "own"] = "shared"
    predict_memory_mb: int = MB_PER_VCPU
    ingest_memory_mb: int = MB_PER_VCPU
    api_memory_mb: int = 512
    # A new AWS account may run ten executions in all and must keep some unreserved, so reserving
    # by default would make the first deploy fail. The throttle and the queue's own limit bound the
    # spend.
    reserved_concurrency: Concurrency = Concurrency()
    snap_start: bool = False
    alarm_email: str | None = None
    alarm_key: bool = False
    all_alarms: bool = False
    gate: GateLimits = field(default_factory=GateLimits)

    @property
    def title(self) -> str:
        """The name as it appears in stack names: `Local`, `Dev`, `Prod`."""
        return self.name.capitalize()

    @property
    def ort_threads(self) -> int:
        """Threads of an ONNX Runtime session: one for each full vCPU that the memory buys.

        More would wait for each other, since Lambda gives the share of a vCPU as time.
        """
        return max(1, min(self.predict_memory_mb, self.ingest_memory_mb) // MB_PER_VCPU)


# Ubuntu 24.04 with NVIDIA's driver and Python 3.12; AWS renews it, and a launch takes the newest.
# The name has the documented form and is the one that published templates launch by:
# https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
GPU_IMAGE: Final = (
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
)
# How many functions have a snapshot with `snap_start`: predict and ingest.
FREEZABLE: Final = 2
# How many metrics have an alarm by `all_alarms`: the agreement with devices is made of two. AWS
# bills them so; a test compares it with the template.
MORE_ALARMS: Final = 18

# More than any computer runs; the same code counts.
_UNLIMITED: Final = Amounts(10**9, 10**9, 10**15, 10**6, 10.0**6)

LOCAL: Final = StageConfig(
    name="local",
    on_aws=False,
    keep_data=False,
    point_in_time_recovery=False,
    tracing=False,
    layer_target="host",
    prediction_retention_days=30,
    log_retention_days=7,
    throttle=Throttle(rate=100, burst=200),
    limits=StageLimits(
        quotas=Quotas(10**6, caller=_UNLIMITED, stage=_UNLIMITED),
        health=Throttle(rate=100, burst=200),
        worst_case_usd=0,
    ),
    ingest_max_concurrency=2,
    backfill_max_concurrency=2,
    # The emulator has no image with a GPU, and nothing boots there.
    job_image_parameter="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    job_watch_seconds=1,
)

DEV: Final = StageConfig(
    name="dev",
    on_aws=True,
    keep_data=False,
    point_in_time_recovery=True,
    tracing=False,
    layer_target="x86_64",
    prediction_retention_days=30,
    log_retention_days=14,
    throttle=Throttle(rate=1.0, burst=60),
    limits=StageLimits(
        quotas=Quotas(
            requests_per_minute=120,
            caller=Amounts(requests=100_000, images=10_000, bytes=10 * 10**9, jobs=5, job_usd=10.0),
            stage=Amounts(requests=120_000, images=20_000, bytes=20 * 10**9, jobs=5, job_usd=10.0),
        ),
        health=Throttle(rate=0.2, burst=10),
        worst_case_usd=50,
    ),
    ingest_max_concurrency=5,
    backfill_max_concurrency=5,
    job_image_parameter=GPU_IMAGE,
    job_watch_seconds=15,
)

PROD: Final = replace(
    DEV,
    name="prod",
    keep_data=True,
    prediction_retention_days=365,
    log_retention_days=90,
    throttle=Throttle(rate=100, burst=200),
    limits=StageLimits(
        quotas=Quotas(
            requests_per_minute=600,
            caller=Amounts(
                requests=500_000, images=200_000, bytes=200 * 10**9, jobs=20, job_usd=200.0
            ),
            stage=Amounts(
                requests=2_000_000, images=1_000_000, bytes=10**12, jobs=100, job_usd=500.0
            ),
        ),
        health=Throttle(rate=5, burst=20),
        worst_case_usd=2_800,
    ),
    reserved_concurrency=Concurrency(predict=50, ingest=20, api=20, shadow=20),
    ingest_max_concurrency=20,
    backfill_max_concurrency=500,
)

STAGES: Final = {stage.name: stage for stage in (LOCAL, DEV, PROD)}


def stage_named(name: str) -> StageConfig:
    """The stage called `name`. Raises `CommandError` when there is none."""
    try:
        return STAGES[name]
    except KeyError:
        known = ", ".join(STAGES)
        raise CommandError(f"There is no stage {name!r}; the stages are {known}.") from None
