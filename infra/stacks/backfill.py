"""Backfills: images that are in a bucket already. Costs nothing while idle."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.backfill.machine import (
    Backfill,
    allow_listing,
    backfill_function,
    chunk_function,
    external_id,
)
from infra.constructs.backfill.results_table import ResultsTable
from infra.constructs.service_function import Package, architecture_of
from infra.packaging.assets import Assets
from infra.stacks.data import DataStack
from infra.stages import StageConfig
from visionflow.backfills.chunks import RESULTS_PREFIX
from visionflow.backfills.comparison.files import COMPARISON_NAME
from visionflow.backfills.settings import BackfillControlSettings


class BackfillStack(Stack):
    """The state machine with its functions, and the table of results.

    Attributes:
        control_settings: environment of a function that starts and stops backfills.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        assets: Assets,
        data: DataStack,
    ) -> None:
        super().__init__(scope, construct_id)
        package = Package.of(self, assets, stage)
        stores, job_stores = data.stores, data.job_stores
        chunk = chunk_function(
            self,
            stage=stage,
            package=package.with_layer(self, "Parquet", assets.parquet_layer, stage),
            stores=stores,
            job_stores=job_stores,
        )
        steps = backfill_function(
            self, stage=stage, package=package, stores=stores, job_stores=job_stores
        )
        self._data = data
        self._life = Backfill(
            self,
            "BackfillLife",
            stage=stage,
            steps=steps,
            chunk=chunk,
            job_stores=job_stores,
        )
        results = ResultsTable(self, "Results", stage=stage, bucket=job_stores.backfills)
        self.control_settings = BackfillControlSettings(
            backfills_table=job_stores.records.table_name,
            backfills_bucket=job_stores.backfills.bucket_name,
            backfill_machine=self._life.machine.state_machine_arn,
            external_id=external_id(stage),
            chunk_memory_mb=stage.ingest_memory_mb,
            architecture=architecture_of(stage).name,
            most_chunks=stage.backfill_max_concurrency,
            results_database=results.table.database,
            results_table=results.table.name,
        )

    def allow_control(self, role: iam.Role) -> None:
        """Let `role` count the images of a source, start, stop and list backfills, and read what
        was compared."""
        allow_listing(role, self._data.stores, self._data.job_stores)
        self._data.job_stores.records.allow_control(role, listing=True)
        ending = f"/{COMPARISON_NAME}"
        self._data.job_stores.backfills.allow_get(role, prefix=RESULTS_PREFIX, ending=ending)
        self._data.job_stores.backfills.allow_list(role)
        self._life.allow_start(role)
