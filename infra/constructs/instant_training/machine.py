"""The state machine of instant trainings, and the two functions that it calls."""

import json
from dataclasses import asdict

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import Size as Storage
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.instant_training.definition import DEFINITION
from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.storage.stores import Stores
from infra.constructs.training_job.job_stores import JobStores
from infra.constructs.workflow import Workflow
from infra.stages import StageConfig
from lambdas.embed.settings import EmbedSettings
from lambdas.instant.settings import InstantSettings
from visionflow.costs.amounts import MB_PER_VCPU
from visionflow.costs.instant import FIT_MEMORY_MB
from visionflow.datasets.names import CONTENT_PREFIX, MANIFEST_PREFIX, RUNS_PREFIX

MAP = "Embed"
"""The label of the map in the definition."""


class InstantTraining(Workflow):
    """Freeze, embed, fit, publish. An execution is started for each training, with
    `{"dataset": ..., "run": ...}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        embed: ServiceFunction,
        instant: ServiceFunction,
        job_stores: JobStores,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            definition=_definition(stage),
            functions={"EmbedFunction": embed, "InstantFunction": instant},
            ended=instant,
            substitutions={
                "DatasetsBucket": job_stores.datasets.bucket_name,
                "Partition": Aws.PARTITION,
            },
        )
        job_stores.datasets.allow_get(self.role, prefix=RUNS_PREFIX)
        self.allow_map(MAP)
        CfnOutput(scope, "InstantMachine", value=self.machine.state_machine_arn)


def _definition(stage: StageConfig) -> str:
    """In one line, so that the template stays readable."""
    definition = json.loads(DEFINITION.read_text(encoding="utf-8"))
    # As many executions as the stage lets its queue of images drive.
    definition["States"]["Embed"]["MaxConcurrency"] = stage.ingest_max_concurrency
    return json.dumps(definition)


def embed_function(
    scope: Construct, *, stage: StageConfig, package: Package, stores: Stores, job_stores: JobStores
) -> ServiceFunction:
    """Embeds a chunk of images in each call. `package` has the starter model."""
    function = ServiceFunction(
        scope,
        "Embed",
        stage=stage,
        package=package,
        size=Size(memory_mb=MB_PER_VCPU, timeout=Duration.minutes(4)),
        environment=EmbedSettings(
            datasets_table=stores.datasets_table.table_name,
            datasets_bucket=job_stores.datasets.bucket_name,
        ).to_env(),
    )
    stores.datasets_table.allow_embed(function.execution_role)
    job_stores.datasets.allow_read(function.execution_role, prefix=CONTENT_PREFIX)
    return function


def instant_function(
    scope: Construct,
    *,
    stage: StageConfig,
    package: Package,
    stores: Stores,
    job_stores: JobStores,
    curation_queue: sqs.Queue,
) -> ServiceFunction:
    """Freezes, fits and publishes. `package` has what training needs without torch."""
    function = ServiceFunction(
        scope,
        "Instant",
        stage=stage,
        package=package,
        size=Size(
            memory_mb=FIT_MEMORY_MB,
            timeout=Duration.minutes(15),
            # The images of validation and test as they came, and the artifact.
            disk=Storage.gibibytes(10),
        ),
        environment=InstantSettings(
            datasets_table=stores.datasets_table.table_name,
            datasets_bucket=job_stores.datasets.bucket_name,
            models_bucket=stores.models.bucket_name,
            registry_table=stores.registry.table_name,
            audit_table=stores.audit.table_name,
            usage_table=stores.usage.table_name,
            curation_queue=curation_queue.queue_url,
            gate=json.dumps(asdict(stage.gate)),
        ).to_env(),
    )
    role = function.execution_role
    stores.datasets_table.allow_curate(role)
    job_stores.datasets.allow_read(role, prefix=CONTENT_PREFIX)
    for prefix in (MANIFEST_PREFIX, RUNS_PREFIX):
        job_stores.datasets.allow_get(role, prefix=prefix)
        job_stores.datasets.allow_put(role, prefix=prefix)
    stores.models.allow_read(role)
    stores.models.allow_put(role, prefix="models/")
    stores.registry.allow_read(role)
    stores.registry.allow_move(role)
    stores.audit.allow_add(role)
    stores.usage.allow_see(role)
    # A training that has ended makes the curation count labels anew.
    allow(role, "sqs:SendMessage", on=[curation_queue.queue_arn])
    return function
