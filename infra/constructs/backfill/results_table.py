"""The table by which Athena finds the results of backfills: partitions are computed, no crawler."""

from aws_cdk import Aws
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.stages import StageConfig
from visionflow.backfills.chunks import RESULTS_PREFIX
from visionflow.backfills.columns import COLUMNS, PARTITION
from visionflow.backfills.control import Table

NAME = "backfill_results"
_FORMAT = "org.apache.hadoop.hive.ql.io.parquet"


class ResultsTable(Construct):
    """Costs nothing: Glue's first million objects are free, and Athena bills what a query reads.

    Attributes:
        table: where results are, for who tells it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, bucket: PrivateBucket
    ) -> None:
        super().__init__(scope, construct_id)
        # Written in queries, so it has a name that people can write.
        name = f"visionflow_{stage.name}"
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=name),
        )
        root = f"s3://{bucket.bucket_name}/{RESULTS_PREFIX}"
        table = glue.CfnTable(
            self,
            "Table",
            catalog_id=Aws.ACCOUNT_ID,
            database_name=name,
            table_input=glue.CfnTable.TableInputProperty(
                name=NAME,
                table_type="EXTERNAL_TABLE",
                # https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
                parameters={
                    "classification": "parquet",
                    "projection.enabled": "true",
                    f"projection.{PARTITION}.type": "injected",
                    "storage.location.template": f"{root}${{{PARTITION}}}/results/",
                },
                partition_keys=[glue.CfnTable.ColumnProperty(name=PARTITION, type="string")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=root,
                    columns=[
                        glue.CfnTable.ColumnProperty(name=column, type=kind)
                        for column, kind in COLUMNS.items()
                    ],
                    input_format=f"{_FORMAT}.MapredParquetInputFormat",
                    output_format=f"{_FORMAT}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=f"{_FORMAT}.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )
        table.add_dependency(database)
        self.table = Table(bucket.bucket_name, name, NAME)
