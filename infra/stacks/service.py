"""What answers requests: the functions with their layers, the HTTP API and the sign-in.

These functions are made here: `predict`, `api`, `ingest`, `curate` and `budget`, in `ModelWatch`
`counters` and `shadow`, in `StageEvents` `events`, in `Hooks` `hooks`, and in `SignIn`
`authorizer`. The training stack makes `jobs` and `publish`.
"""

from aws_cdk import CfnOutput, CfnResource, Duration, Stack
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.budget import BudgetFunction
from infra.constructs.events.event_bus import StageEvents
from infra.constructs.events.hooks import Hooks
from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size, architecture_of
from infra.constructs.storage.image_queue import ImageQueue
from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.stores import Stores
from infra.constructs.watch.model_watch import ModelWatch
from infra.constructs.watch.operations_dashboard import OperationsDashboard
from infra.constructs.web.http_api import HttpApi
from infra.constructs.web.sign_in import SignIn
from infra.packaging.assets import Assets
from infra.stacks.backfill import BackfillStack
from infra.stacks.dashboard import DashboardStack
from infra.stacks.data import CURATE_TIMEOUT, INGEST_TIMEOUT, DataStack
from infra.stacks.training import TrainingStack
from infra.stages import FREEZABLE, MORE_ALARMS, StageConfig
from lambdas.api.settings import ApiSettings, CostSettings, DatasetSettings
from lambdas.classification.settings import ClassificationSettings, DeadLetterSettings
from lambdas.curate.settings import CurateSettings
from visionflow.access.budget import BudgetSettings
from visionflow.access.usage import UsageSettings
from visionflow.datasets.names import CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX
from visionflow.images.uploads import POSTED_PREFIX, UPLOAD_PREFIX

# API Gateway gives up after 30 seconds; the function should be the first to know.
HTTP_TIMEOUT = Duration.seconds(29)
INGEST_BATCH = 10
# Where images lie, and images with their thumbnails.
IMAGE_PREFIXES = ("api/", UPLOAD_PREFIX)
THUMBNAILS = "thumbnails/"
ERASED_PREFIXES = ("api/", THUMBNAILS, UPLOAD_PREFIX)
# An image of 12 megapixels takes a tenth of it; only a cold start comes near.
SLOW_PREDICTION = Duration.seconds(3)


class ServiceStack(Stack):
    """Functions and API on top of the data stack.

    Attributes:
        sign_in: the user pool, None where requests need no token.
        events: the stage's event bus.
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
        backfill: BackfillStack,
        dashboard: DashboardStack,
    ) -> None:
        super().__init__(scope, construct_id)
        package = Package.of(self, assets, stage)
        predict = self._predict(stage, package, data.stores)
        api = self._api(
            stage,
            package.with_layer(self, "Routing", assets.api_layer, stage),
            data,
            training,
            backfill,
        )
        ingest = self._ingest(stage, package, data)
        feed = data.image_queue.feed(ingest.live, batch_size=INGEST_BATCH, stage=stage)
        BudgetFunction(
            self,
            "Budget",
            stage=stage,
            package=package,
            topic=data.budget.topic,
            usage=data.stores.usage,
            audit=data.stores.audit,
            feed=feed,
        )
        curate = self._curate(
            stage, package.with_layer(self, "Starter", assets.starter_layer, stage), data, training
        )
        data.curation_queue.feed(
            curate,
            batch_size=INGEST_BATCH,
            stage=stage,
            # Each batch costs an invocation, five requests and the mark that a comparison is due.
            window=Duration.seconds(1),
        )
        site = dashboard.site
        self.sign_in = (
            SignIn(
                self,
                "SignIn",
                stage=stage,
                dashboard_url=site.url,
                package=package.with_layer(self, "Tokens", assets.tokens_layer, stage),
                keys=data.stores.keys,
            )
            if site
            else None
        )
        self.api = HttpApi(
            self,
            "HttpApi",
            stage=stage,
            address=dashboard.api,
            functions={"predict": predict.live, "api": api},
            authorizer=self.sign_in.authorizer if self.sign_in else None,
        )
        watch = ModelWatch(
            self,
            "ModelWatch",
            stage=stage,
            package=package,
            stores=data.stores,
            curation_queue=data.curation_queue.queue,
        )
        self.events = StageEvents(
            self,
            "EventsOut",
            stage=stage,
            package=package,
            stores=data.stores,
            jobs=data.job_stores.records,
            dead_letters=watch.dead_letters,
        )
        hooks = Hooks(self, "Listening", stage=stage, package=package, bus=self.events.bus)
        hooks.allow_manage(api.execution_role)
        hooks.mended_by(self.events.function)
        for name, value in hooks.settings.to_env().items():
            api.add_environment(name, value)
        for reader in (api, curate, self.events.function, *watch.readers):
            for writer in (predict, ingest):
                _deploy_first(reader, writer)
        OperationsDashboard(
            self,
            "Operations",
            stage=stage,
            functions={"predict": predict, "ingest": ingest, "api": api},
            classifying=("predict", "ingest"),
            queue=data.image_queue,
            api=self.api,
        )
        CfnOutput(self, "ApiUrl", value=dashboard.api.url)
        CfnOutput(self, "EventBus", value=self.events.bus.event_bus_name)
        if self.sign_in:
            CfnOutput(self, "UserPoolId", value=self.sign_in.user_pool_id)

    def _predict(self, stage: StageConfig, package: Package, stores: Stores) -> ServiceFunction:
        size = Size(
            memory_mb=stage.predict_memory_mb,
            timeout=HTTP_TIMEOUT,
            concurrency=stage.reserved_concurrency.predict,
        )
        function = self._classifying("Predict", size, stage, package, stores)
        alarm_above(
            function,
            "SlowAlarm",
            metric=function.metric_duration(period=Duration.minutes(5), statistic="p95"),
            limit=SLOW_PREDICTION.to_milliseconds(),
            periods=3,
            description="One prediction in twenty took too long for a quarter of an hour.",
        )
        stores.images.allow_put(function.execution_role, prefix="api/")
        for prefix in IMAGE_PREFIXES:  # what a heatmap is asked for later
            stores.images.allow_read(function.execution_role, prefix=prefix, versions=True)
        _allow_classifying(function, stores)
        stores.images.allow_put(function.execution_role, prefix=THUMBNAILS)
        # Where the record was erased meanwhile.
        stores.images.allow_erase(function.execution_role, prefixes=(THUMBNAILS,))
        stores.images.allow_get(function.execution_role, prefix=THUMBNAILS)  # for URLs
        stores.predictions.allow_illustrate(function.execution_role)
        return function

    def _ingest(self, stage: StageConfig, package: Package, data: DataStack) -> ServiceFunction:
        size = Size(
            memory_mb=stage.ingest_memory_mb,
            timeout=INGEST_TIMEOUT,
            concurrency=stage.reserved_concurrency.ingest,
        )
        stores = data.stores
        function = self._classifying("Ingest", size, stage, package, stores)
        for name, value in BudgetSettings(data.budget.topic.topic_arn).to_env().items():
            function.add_environment(name, value)
        data.budget.allow_send(function.execution_role)
        _allow_bury(function, data.image_queue)
        stores.images.allow_read(function.execution_role, prefix=UPLOAD_PREFIX, versions=True)
        _allow_classifying(function, stores)
        return function

    def _curate(
        self, stage: StageConfig, package: Package, data: DataStack, training: TrainingStack
    ) -> ServiceFunction:
        stores, datasets = data.stores, data.job_stores.datasets
        function = ServiceFunction(
            self,
            "Curate",
            stage=stage,
            package=package,
            size=Size(memory_mb=stage.ingest_memory_mb, timeout=CURATE_TIMEOUT),
            environment=CurateSettings(
                datasets_bucket=datasets.bucket_name,
                datasets_table=stores.datasets_table.table_name,
                curation_queue=data.curation_queue.queue.queue_url,
                predictions_table=stores.predictions.table_name,
                audit_table=stores.audit.table_name,
                usage_table=stores.usage.table_name,
                instant_machine=training.instant.machine.state_machine_arn,
                ort_threads=stage.ort_threads,
            ).to_env(),
        )
        role = function.execution_role
        datasets.allow_list(role)
        for prefix in (CONTENT_PREFIX, DROP_PREFIX):
            datasets.allow_get(role, prefix=prefix)
            datasets.allow_delete(role, prefix=prefix)
        datasets.allow_put(role, prefix=CONTENT_PREFIX)
        stores.datasets_table.allow_curate(role)
        # Marks of messages that are worked on, and records that flow in by a rule.
        stores.predictions.allow_record(role)
        stores.datasets_table.allow_let_in(role)
        for prefix in IMAGE_PREFIXES:
            stores.images.allow_read(role, prefix=prefix, versions=True)
        datasets.allow_erase(role, prefixes=(CONTENT_PREFIX,))
        # What the last training learned from, and the one that the rule starts.
        datasets.allow_get(role, prefix=MANIFEST_PREFIX)
        stores.usage.allow_see(role)
        stores.audit.allow_add(role)
        training.instant.allow_start(role)
        allow(role, "sqs:SendMessage", on=[data.curation_queue.queue.queue_arn])
        _allow_bury(function, data.curation_queue)
        return function

    def _classifying(
        self,
        name: str,
        size: Size,
        stage: StageConfig,
        package: Package,
        stores: Stores,
    ) -> ServiceFunction:
        """A function that classifies images."""
        return ServiceFunction(
            self,
            name,
            stage=stage,
            package=package,
            size=size,
            environment=ClassificationSettings(
                images_bucket=stores.images.bucket_name,
                models_bucket=stores.models.bucket_name,
                predictions_table=stores.predictions.table_name,
                registry_table=stores.registry.table_name,
                retention_days=stage.prediction_retention_days,
                ort_threads=stage.ort_threads,
                requires_sign_in=int(stage.on_aws),
                own_records=int(stage.records == "own"),
            ).to_env()
            | UsageSettings.of(stores.usage.table_name, stage.limits.quotas).to_env(),
            freezable=True,
        )

    def _api(
        self,
        stage: StageConfig,
        package: Package,
        data: DataStack,
        training: TrainingStack,
        backfill: BackfillStack,
    ) -> ServiceFunction:
        stores, datasets = data.stores, data.job_stores.datasets
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
                images_bucket=stores.images.bucket_name,
                models_bucket=stores.models.bucket_name,
                predictions_table=stores.predictions.table_name,
                registry_table=stores.registry.table_name,
                insights_table=stores.insights.table_name,
                audit_table=stores.audit.table_name,
                requires_sign_in=int(stage.on_aws),
                own_records=int(stage.records == "own"),
                keys_table=stores.keys.table_name,
                retention_days=stage.prediction_retention_days,
                original_retention_days=stage.original_retention_days,
            ).to_env()
            | UsageSettings.of(stores.usage.table_name, stage.limits.quotas).to_env()
            | BudgetSettings(data.budget.topic.topic_arn).to_env()
            | training.control_settings.to_env()
            | backfill.control_settings.to_env()
            | DatasetSettings(
                datasets_bucket=datasets.bucket_name,
                datasets_table=stores.datasets_table.table_name,
                curation_queue=data.curation_queue.queue.queue_url,
                instant_machine=training.instant.machine.state_machine_arn,
            ).to_env()
            | CostSettings(
                predict_memory_mb=stage.predict_memory_mb,
                ingest_memory_mb=stage.ingest_memory_mb,
                architecture=architecture_of(stage).name,
                retention_days=stage.prediction_retention_days,
                original_retention_days=stage.original_retention_days,
                log_retention_days=stage.log_retention_days,
                traced=int(stage.tracing),
                snap_start_functions=FREEZABLE if stage.snap_start else 0,
                keys=int(stage.alarm_key),
                more_alarms=MORE_ALARMS if stage.all_alarms else 0,
                budget_usd=stage.limits.worst_case_usd,
            ).to_env(),
        )
        # For the downloads and uploads that it signs, and to see whether an original is kept.
        stores.images.allow_read(function.execution_role, versions=True)
        stores.images.allow_put(function.execution_role, prefix=POSTED_PREFIX)
        stores.models.allow_read(function.execution_role)
        stores.registry.allow_read(function.execution_role)
        stores.registry.allow_move(function.execution_role)
        stores.predictions.allow_list(function.execution_role)
        stores.predictions.allow_look_up(function.execution_role)
        stores.predictions.allow_feedback(function.execution_role)
        stores.predictions.allow_record(function.execution_role)
        stores.insights.allow_report(function.execution_role)
        stores.images.allow_erase(function.execution_role, prefixes=ERASED_PREFIXES)
        stores.predictions.allow_erase(function.execution_role)
        stores.insights.allow_erase(function.execution_role)
        stores.audit.allow_add(function.execution_role)
        stores.audit.allow_read(function.execution_role)
        stores.usage.allow_count(function.execution_role)
        data.budget.allow_send(function.execution_role)
        stores.keys.allow_manage(function.execution_role)
        training.allow_control(function.execution_role)
        training.instant.allow_start(function.execution_role)
        backfill.allow_control(function.execution_role)
        _allow_datasets(function, stores, datasets)
        allow(
            function.execution_role,
            "sqs:SendMessage",
            on=[data.curation_queue.queue.queue_arn],
        )
        _allow_sizes(function, stores)
        return function


def _allow_bury(function: ServiceFunction, queue: ImageQueue) -> None:
    dead_letters = DeadLetterSettings(queue.dead_letter_queue.queue_url)
    for name, value in dead_letters.to_env().items():
        function.add_environment(name, value)
    queue.allow_bury(function.execution_role)


def _allow_sizes(function: ServiceFunction, stores: Stores) -> None:
    """Let a function read how much is stored."""
    for table in (stores.predictions, stores.insights, stores.datasets_table):
        table.allow_size(function.execution_role)
    allow(
        function.execution_role,
        "cloudwatch:GetMetricData",
        on=["*"],
        reason="CloudWatch knows no narrower resource for reading metrics.",
    )


def _allow_datasets(function: ServiceFunction, stores: Stores, datasets: PrivateBucket) -> None:
    """Let a function change datasets, sign what comes and goes, and delete them."""
    role = function.execution_role
    stores.datasets_table.allow_manage(role)
    datasets.allow_get(role, prefix=CONTENT_PREFIX)
    datasets.allow_put(role, prefix=CONTENT_PREFIX)
    datasets.allow_get(role, prefix=MANIFEST_PREFIX)
    datasets.allow_put(role, prefix=MANIFEST_PREFIX)
    datasets.allow_erase(role, prefixes=(CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX))


def _deploy_first(reader: ServiceFunction, writer: ServiceFunction) -> None:
    """A deployment replaces one function after the other, and code that writes records in a new
    form must find readers that know it: what cannot be read is not counted."""
    first, second = (function.node.default_child for function in (reader, writer))
    if not isinstance(first, CfnResource) or not isinstance(second, CfnResource):
        raise TypeError(f"{reader.node.path} or {writer.node.path} is not a function of this app")
    second.add_dependency(first)


def _allow_classifying(function: ServiceFunction, stores: Stores) -> None:
    """Let a function load the active model and record an answer."""
    role = function.execution_role
    stores.models.allow_read(role)
    stores.registry.allow_read(role)
    stores.predictions.allow_record(role)
    stores.usage.allow_count(role)
