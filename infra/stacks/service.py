"""What answers: three functions, their layers, the HTTP API and the sign-in."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.http_api import HttpApi
from infra.constructs.model_watch import ModelWatch
from infra.constructs.operations_dashboard import OperationsDashboard
from infra.constructs.service_function import (
    RUNTIME,
    Package,
    ServiceFunction,
    Size,
    architecture_of,
    zip_code,
)
from infra.constructs.sign_in import SignIn
from infra.constructs.static_site import StaticSite
from infra.constructs.upload_notification import UPLOAD_PREFIX
from infra.packaging.assets import Assets
from infra.packaging.zip_files import Package as ZipFile
from infra.stacks.data import INGEST_TIMEOUT, DataStack
from infra.stacks.training import TrainingStack
from infra.stages import FREEZABLE, MORE_ALARMS, StageConfig
from lambdas.api.settings import ApiSettings, CostSettings
from lambdas.classification.settings import ClassificationSettings
from lambdas.ingest.settings import IngestSettings
from lambdas.predict.settings import PredictSettings
from visionflow.images.uploads import POSTED_PREFIX

# API Gateway gives up after 30 seconds; the function should be the first to know.
HTTP_TIMEOUT = Duration.seconds(29)
INGEST_BATCH = 10
# An image of 12 megapixels takes a tenth of it; only a cold start comes near.
SLOW_PREDICTION = Duration.seconds(3)


class ServiceStack(Stack):
    """Functions and API on top of the data stack.

    Attributes:
        api: the HTTP API.
        sign_in: the user pool, None where requests need no token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        assets: Assets,
        data: DataStack,
        training: TrainingStack,
        dashboard: StaticSite | None,
    ) -> None:
        """`dashboard` is the page that may call the API from a browser; None where page and API
        share an origin."""
        super().__init__(scope, construct_id)
        package = Package(
            code=zip_code(assets.code),
            layers=[
                self._layer("Common", assets.common_layer, stage),
                self._layer("Runtime", assets.runtime_layer, stage),
            ],
        )
        predict = self._predict(stage, package, data)
        api = self._api(stage, package, data, training)
        ingest = self._ingest(stage, package, data)
        ingest.live.add_event_source(
            event_sources.SqsEventSource(
                data.image_queue.queue,
                batch_size=INGEST_BATCH,
                max_concurrency=stage.ingest_max_concurrency,
                report_batch_item_failures=True,
            )
        )
        self.sign_in = (
            SignIn(self, "SignIn", stage=stage, dashboard_url=dashboard.url)
            if stage.requires_sign_in and dashboard
            else None
        )
        self.api = HttpApi(
            self,
            "HttpApi",
            stage=stage,
            functions={"predict": predict.live, "api": api},
            authorizer=self.sign_in.authorizer if self.sign_in else None,
            allowed_origin=dashboard.origin if dashboard else None,
        )
        ModelWatch(self, "ModelWatch", stage=stage, package=package, data=data)
        OperationsDashboard(
            self,
            "Operations",
            stage=stage,
            functions={"predict": predict, "ingest": ingest, "api": api},
            classifying=("predict", "ingest"),
            queue=data.image_queue,
            api=self.api,
        )
        CfnOutput(self, "ApiUrl", value=self.api.url)

    def _layer(self, name: str, package: ZipFile, stage: StageConfig) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"{name}Layer",
            code=zip_code(package),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[architecture_of(stage)],
        )

    def _predict(self, stage: StageConfig, package: Package, data: DataStack) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Predict",
            stage=stage,
            package=package,
            size=Size(
                memory_mb=stage.predict_memory_mb,
                timeout=HTTP_TIMEOUT,
                concurrency=stage.reserved_concurrency.predict,
            ),
            environment=_classifying(PredictSettings, stage, data).to_env(),
            freezable=True,
        )
        alarm_above(
            function,
            "SlowAlarm",
            metric=function.metric_duration(period=Duration.minutes(5), statistic="p95"),
            limit=SLOW_PREDICTION.to_milliseconds(),
            periods=3,
            description="One prediction in twenty took too long for a quarter of an hour.",
        )
        data.images.allow_put(function.execution_role, prefix="api/")
        _allow_classifying(function, data)
        return function

    def _ingest(self, stage: StageConfig, package: Package, data: DataStack) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Ingest",
            stage=stage,
            package=package,
            size=Size(
                memory_mb=stage.ingest_memory_mb,
                timeout=INGEST_TIMEOUT,
                concurrency=stage.reserved_concurrency.ingest,
            ),
            environment=_classifying(IngestSettings, stage, data).to_env(),
            freezable=True,
        )
        data.images.allow_get(function.execution_role, prefix=UPLOAD_PREFIX, versions=True)
        data.images.allow_list(function.execution_role)
        _allow_classifying(function, data)
        return function

    def _api(
        self, stage: StageConfig, package: Package, data: DataStack, training: TrainingStack
    ) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Api",
            stage=stage,
            package=package,
            size=Size(
                memory_mb=stage.api_memory_mb,
                timeout=HTTP_TIMEOUT,
                concurrency=stage.reserved_concurrency.api,
            ),
            environment=ApiSettings(
                images_bucket=data.images.bucket_name,
                models_bucket=data.models.bucket_name,
                predictions_table=data.predictions.table_name,
                registry_table=data.registry.table_name,
                insights_table=data.insights.table_name,
                requires_sign_in=int(stage.requires_sign_in),
            ).to_env()
            | training.control_settings.to_env()
            | CostSettings(
                predict_memory_mb=stage.predict_memory_mb,
                architecture=architecture_of(stage).name,
                retention_days=stage.prediction_retention_days,
                snap_start_functions=FREEZABLE if stage.snap_start else 0,
                keys=int(stage.alarm_key),
                more_alarms=MORE_ALARMS if stage.all_alarms else 0,
            ).to_env(),
        )
        # For the URLs and forms that it signs.
        data.images.allow_get(function.execution_role, versions=True)
        data.images.allow_put(function.execution_role, prefix=POSTED_PREFIX)
        data.models.allow_get(function.execution_role)
        data.models.allow_list(function.execution_role)
        data.registry.allow_read(function.execution_role)
        data.registry.allow_move(function.execution_role)
        data.predictions.allow_list(function.execution_role)
        data.predictions.allow_feedback(function.execution_role)
        data.insights.allow_report(function.execution_role)
        training.allow_control(function.execution_role)
        return function


def _classifying(
    settings: type[ClassificationSettings], stage: StageConfig, data: DataStack
) -> ClassificationSettings:
    """The environment of a function that classifies images."""
    return settings(
        images_bucket=data.images.bucket_name,
        models_bucket=data.models.bucket_name,
        predictions_table=data.predictions.table_name,
        registry_table=data.registry.table_name,
        retention_days=stage.prediction_retention_days,
        ort_threads=stage.ort_threads,
    )


def _allow_classifying(function: ServiceFunction, data: DataStack) -> None:
    """What every function needs that loads the active model and records an answer."""
    role = function.execution_role
    data.images.allow_put(role, prefix="thumbnails/")
    data.models.allow_get(role)
    data.models.allow_list(role)
    data.registry.allow_read(role)
    data.predictions.allow_record(role)
