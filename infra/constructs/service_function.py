"""The one way in which a Lambda function is made here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import Size as Storage
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.log_groups import log_group_of
from infra.nag import acknowledge
from infra.packaging.assets import Assets
from infra.packaging.zip_files import Package as ZipFile
from infra.packaging.zip_files import check_fits
from infra.stages import StageConfig
from lambdas.telemetry.measurements import AGREED_METRIC, COMPARED_METRIC
from lambdas.telemetry.settings import NAMESPACE, TelemetrySettings
from visionflow.costs.amounts import MB_PER_VCPU

METRICS_NAMESPACE = NAMESPACE
PERIOD = Duration.minutes(5)  # of the metrics of functions
RUNTIME = lambda_.Runtime.PYTHON_3_13


@dataclass(frozen=True, kw_only=True)
class Package:
    """Code and layers that all functions of a stack share. ``files`` are those of both."""

    code: lambda_.Code
    layers: Sequence[lambda_.ILayerVersion]
    files: Sequence[ZipFile]

    @classmethod
    def of(cls, scope: Construct, assets: Assets, stage: StageConfig) -> "Package":
        """The stage's code, and its layers as resources of `scope`."""
        code = cls(code=zip_code(assets.code), layers=(), files=(assets.code,))
        common = code.with_layer(scope, "Common", assets.common_layer, stage)
        return common.with_layer(scope, "Runtime", assets.runtime_layer, stage)

    @classmethod
    def of_training(cls, scope: Construct, assets: Assets, stage: StageConfig) -> "Package":
        """Code and layers of the one function that trains, instead of those that all others share:
        a function may have 250 MB."""
        files = (assets.instant_code,)
        code = cls(code=zip_code(assets.instant_code), layers=(), files=files)
        return code.with_layer(scope, "Training", assets.training_layer, stage)

    def with_layer(
        self, scope: Construct, name: str, layer: ZipFile, stage: StageConfig
    ) -> "Package":
        """This package with one more layer, as a resource of `scope`. Raises `CommandError` where
        a function could not have them all."""
        files = (*self.files, layer)
        check_fits(files, stage.layer_target)
        version = lambda_.LayerVersion(
            scope,
            f"{name}Layer",
            code=zip_code(layer),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[architecture_of(stage)],
        )
        return Package(code=self.code, layers=(*self.layers, version), files=files)


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one execution may use, on disk too (None for the default of 512 MB), and how many are
    reserved (None reserves none)."""

    memory_mb: int
    timeout: Duration
    concurrency: int | None = None
    disk: Storage | None = None


class ServiceFunction(lambda_.Function):
    """A function of the `lambdas` package.

    It has its own role, which may write to its own log group and, where the stage traces, to X-Ray;
    everything else is granted by the stack.

    Attributes:
        memory_mb: what one execution has.
        live: what callers invoke: the alias of the deployed version where the function may be
            frozen, the function itself otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        package: Package,
        size: Size,
        environment: Mapping[str, str],
        freezable: bool = False,
        error_alarm: bool = False,
    ) -> None:
        """`freezable`: `lambdas.classification.snapshot` prepares the handler for SnapStart.

        `error_alarm` rings on an unhandled error. Unless the stage has all alarms, most functions
        have none: their errors end in a 5xx of the API, in a dead-letter queue or in a failed job,
        which have alarms.
        """
        name = construct_id.lower()
        role, log_group = logging_role(scope, construct_id, stage=stage)
        super().__init__(
            scope,
            construct_id,
            runtime=RUNTIME,
            architecture=architecture_of(stage),
            code=package.code,
            layers=list(package.layers),
            handler=f"lambdas.{name}.handler.lambda_handler",
            memory_size=size.memory_mb,
            timeout=size.timeout,
            ephemeral_storage_size=size.disk,
            reserved_concurrent_executions=size.concurrency,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # Without the platform's lines about each call that went well.
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            # A snapshot is made of a published version and never of the function's latest code.
            snap_start=(
                lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS
                if freezable and stage.snap_start
                else None
            ),
            tracing=lambda_.Tracing.ACTIVE if stage.tracing else lambda_.Tracing.DISABLED,
            environment={
                **environment,
                **TelemetrySettings(name).to_env(),
                # NumPy's BLAS starts a thread for each processor that it sees, two in any function,
                # and SciPy's a pool of its own; each burns processor time while it waits for work.
                "OMP_NUM_THREADS": str(max(1, size.memory_mb // MB_PER_VCPU)),
            },
        )
        self.execution_role = role
        self.memory_mb = size.memory_mb
        self.live: lambda_.IFunction = self.add_alias("live") if freezable else self
        acknowledge(
            self,
            "AwsSolutions-L1",
            reason="The runtime layer is built, measured and tested for Python 3.13.",
        )
        if stage.tracing:
            acknowledge(
                role,
                "AwsSolutions-IAM5[Resource::*]",
                reason="X-Ray's PutTraceSegments and PutTelemetryRecords know no resources.",
            )
        if error_alarm or stage.all_alarms:
            alarm_above(
                self,
                "ErrorAlarm",
                metric=self.metric_errors(period=PERIOD, statistic="Sum"),
                description=f"The {name} function raised an error or ran out of time or memory.",
            )


def own_metric(
    service: str,
    name: str,
    statistic: str,
    label: str | None = None,
    period: Duration = PERIOD,
) -> cloudwatch.Metric:
    """A metric that the function `service` writes itself."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        label=label,
        period=period,
    )


def disagreement(period: Duration, least: int = 1) -> cloudwatch.MathExpression:
    """Percent of the images of a `period` that a device and the cloud answered by one version and
    called differently; 0 for fewer than `least`."""
    counted = {
        name: own_metric("predict", metric, cloudwatch.Stats.SUM, period=period)
        for name, metric in (("compared", COMPARED_METRIC), ("agreed", AGREED_METRIC))
    }
    return cloudwatch.MathExpression(
        expression=f"IF(compared >= {least}, 100 - 100 * agreed / compared, 0)",
        using_metrics=counted,
        label="other label than on the device in %",
        period=period,
    )


def zip_code(package: ZipFile) -> lambda_.Code:
    """The zip file as an asset that is named by its content, so that CDK need not read it."""
    return lambda_.Code.from_asset(str(package.path), asset_hash=package.digest)


def logging_role(
    scope: Construct, prefix: str, *, stage: StageConfig
) -> tuple[iam.Role, logs.LogGroup]:
    """A role for functions, and the one log group that it may write to.

    The managed policy of Lambda's default role may write to every log group of the account.
    """
    log_group = log_group_of(scope, f"{prefix}Logs", stage=stage)
    role = iam.Role(scope, f"{prefix}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    return role, log_group


def architecture_of(stage: StageConfig) -> lambda_.Architecture:
    """The architecture that the stage's runtime layer is built for; the host counts as x86_64."""
    if stage.layer_target == "arm64":
        return lambda_.Architecture.ARM_64
    return lambda_.Architecture.X86_64
