"""The state machine of backfills, and the two functions that it calls."""

import json

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.backfill.definition import DEFINITION
from infra.constructs.permissions import allow
from infra.constructs.service_function import (
    Package,
    ServiceFunction,
    Size,
    architecture_of,
)
from infra.constructs.storage.stores import Stores
from infra.constructs.training_job.job_stores import JobStores
from infra.constructs.workflow import Workflow
from infra.stages import StageConfig
from lambdas.backfill.settings import BackfillSettings
from lambdas.chunk.settings import ChunkSettings
from visionflow.access.usage import UsageSettings
from visionflow.backfills.chunks import RESULTS_PREFIX, WORK_PREFIX
from visionflow.backfills.comparison.files import COMPARISON_NAME, PARTS_PREFIX
from visionflow.backfills.request import LISTS_PREFIX, own_prefixes
from visionflow.predictions.record import thumbnail_prefix

THUMBNAILS = thumbnail_prefix("")
MAP = "Classify"
"""The label of the map in the definition."""


class Backfill(Workflow):
    """List, classify, finish. An execution is started for each backfill that begins or goes on,
    with `{"backfill": ..., "execution": ...}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        steps: ServiceFunction,
        chunk: ServiceFunction,
        job_stores: JobStores,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            definition=_definition(stage),
            functions={"BackfillFunction": steps, "ChunkFunction": chunk},
            ended=steps,
            substitutions={
                "BackfillsBucket": job_stores.backfills.bucket_name,
                "Partition": Aws.PARTITION,
            },
        )
        job_stores.backfills.allow_get(self.role, prefix=WORK_PREFIX)
        job_stores.backfills.allow_write_results(self.role, prefix=f"{WORK_PREFIX}maps")
        self.allow_map(MAP)
        CfnOutput(scope, "BackfillMachine", value=self.machine.state_machine_arn)


def _definition(stage: StageConfig) -> str:
    """In one line, so that the template stays readable."""
    definition = json.loads(DEFINITION.read_text(encoding="utf-8"))
    if not stage.on_aws:
        # The emulator knows no path to it, and would start 64 chunks at once.
        of_map = definition["States"][MAP]
        del of_map["MaxConcurrencyPath"]
        of_map["MaxConcurrency"] = stage.backfill_max_concurrency
    return json.dumps(definition)


def external_id(stage: StageConfig) -> str:
    """By which whoever lets this stage read a bucket knows it."""
    return f"visionflow-{stage.name}-{Aws.ACCOUNT_ID}"


def allow_roles(role: iam.Role) -> None:
    """Let `role` read what the owner of a bucket lets this stage read."""
    allow(
        role,
        "sts:AssumeRole",
        on=[f"arn:{Aws.PARTITION}:iam::*:role/VisionFlowRead*"],
        reason="A role of whoever owns a bucket; it says itself whom it trusts, by external id.",
    )


def allow_listing(role: iam.Role, stores: Stores, job_stores: JobStores) -> None:
    """Let `role` list the stage's images and read lists of keys."""
    prefixes = own_prefixes("files")
    stores.images.allow_list_versions(role, prefixes=prefixes)
    job_stores.backfills.allow_get(role, prefix=LISTS_PREFIX)
    allow_roles(role)


def backfill_function(
    scope: Construct, *, stage: StageConfig, package: Package, stores: Stores, job_stores: JobStores
) -> ServiceFunction:
    """Lists sources, and decides what comes next."""
    function = ServiceFunction(
        scope,
        "Backfill",
        stage=stage,
        package=package,
        # Five minutes list about a million keys; the machine asks for the next slice.
        size=Size(memory_mb=stage.api_memory_mb, timeout=Duration.minutes(5)),
        environment=BackfillSettings(
            jobs_table=job_stores.records.table_name,
            backfills_bucket=job_stores.backfills.bucket_name,
            images_bucket=stores.images.bucket_name,
            external_id=external_id(stage),
            chunk_memory_mb=stage.ingest_memory_mb,
            architecture=architecture_of(stage).name,
            most_chunks=stage.backfill_max_concurrency,
        ).to_env()
        | UsageSettings.of(stores.usage.table_name, stage.limits.quotas).to_env(),
    )
    role = function.execution_role
    job_stores.records.allow_control(role, listing=True)
    stores.usage.allow_see(role)
    allow_listing(role, stores, job_stores)
    for prefix in own_prefixes("files"):
        stores.images.allow_get(role, prefix=prefix, versions=True)
    # To tell a sample that is not there yet from a refusal.
    job_stores.backfills.allow_read(role, prefix=WORK_PREFIX)
    job_stores.backfills.allow_put(role, prefix=WORK_PREFIX)
    # A comparison, beside the results.
    job_stores.backfills.allow_put(role, prefix=RESULTS_PREFIX, ending=f"/{COMPARISON_NAME}")
    return function


def chunk_function(
    scope: Construct, *, stage: StageConfig, package: Package, stores: Stores, job_stores: JobStores
) -> ServiceFunction:
    """Classifies a chunk of images in each call. `package` can write Parquet."""
    function = ServiceFunction(
        scope,
        "Chunk",
        stage=stage,
        package=package,
        # Within the five minutes of an express execution, with room for another try.
        size=Size(memory_mb=stage.ingest_memory_mb, timeout=Duration.minutes(2)),
        environment=ChunkSettings(
            jobs_table=job_stores.records.table_name,
            backfills_bucket=job_stores.backfills.bucket_name,
            images_bucket=stores.images.bucket_name,
            models_bucket=stores.models.bucket_name,
            predictions_table=stores.predictions.table_name,
            external_id=external_id(stage),
            retention_days=stage.prediction_retention_days,
            ort_threads=stage.ort_threads,
            chunk_memory_mb=stage.ingest_memory_mb,
            architecture=architecture_of(stage).name,
        ).to_env()
        | UsageSettings.of(stores.usage.table_name, stage.limits.quotas).to_env(),
    )
    role = function.execution_role
    job_stores.records.allow_count(role)
    job_stores.backfills.allow_read(role, prefix=WORK_PREFIX)
    # A file of results stays as it was first written, and is asked what is in it.
    job_stores.backfills.allow_put(role, prefix=RESULTS_PREFIX)
    job_stores.backfills.allow_get(role, prefix=RESULTS_PREFIX)
    job_stores.backfills.allow_put(role, prefix=PARTS_PREFIX)
    stores.images.allow_put(role, prefix=THUMBNAILS)
    stores.images.allow_get(role, prefix=THUMBNAILS)  # to see which are drawn
    stores.images.allow_erase(role, prefixes=(THUMBNAILS,))
    stores.models.allow_read(role)
    stores.predictions.allow_record(role)
    stores.predictions.allow_look_up(role)
    stores.usage.allow_count(role)
    for prefix in own_prefixes("files"):
        stores.images.allow_read(role, prefix=prefix, versions=True)
    allow_roles(role)
    return function
