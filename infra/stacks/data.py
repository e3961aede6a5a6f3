"""What outlives a deploy: images, models, records, and the queue of dropped images."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.alarm import AlarmTopic
from infra.constructs.budget import BudgetTopic
from infra.constructs.storage.access_log_bucket import AccessLogBucket
from infra.constructs.storage.image_queue import ImageQueue
from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.stores import Stores
from infra.constructs.storage.tables import (
    AuditTable,
    DatasetsTable,
    InsightsTable,
    KeysTable,
    PredictionsTable,
    RegistryTable,
    UsageTable,
)
from infra.constructs.storage.upload_notification import (
    UploadNotification,
    page_may_read,
    page_may_upload,
)
from infra.constructs.training_job.job_stores import JobsTable, JobStores
from infra.stages import StageConfig
from visionflow.backfills.chunks import WORK_PREFIX
from visionflow.datasets.names import CONTENT_PREFIX, DROP_PREFIX, RUNS_PREFIX
from visionflow.images.uploads import POSTED_PREFIX
from visionflow.jobs.folder import FOLDER, SEALED

# An image takes seconds; a function that runs for a minute is stuck.
INGEST_TIMEOUT = Duration.seconds(60)
# Comparing 50,000 images takes most of it; curating one takes as long as classifying it.
CURATE_TIMEOUT = Duration.seconds(120)
# Long enough to resume a job or a backfill after a holiday; a published run is in the models
# bucket as well.
KEEP_JOBS = Duration.days(60)
# What the steps of an instant training hand on; it takes minutes.
KEEP_RUNS = Duration.days(7)


class DataStack(Stack):
    """Buckets, tables and the queue.

    Attributes:
        stores: what the functions read and write.
        job_stores: what training jobs read and write.
        image_queue: the queue of dropped images.
        curation_queue: the queue of images that arrive in datasets.
        budget: the topic of orders to stop and resume the stage.
        alarms: the topic that every alarm of the stage notifies.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.alarms = AlarmTopic(self, "Alarms", stage=stage)
        self.budget = BudgetTopic(self, "Budget", stage=stage)
        access_logs = AccessLogBucket(self, "AccessLogs", stage=stage)
        abandon_uploads = s3.LifecycleRule(
            id="AbandonUploads", abort_incomplete_multipart_upload_after=Duration.days(1)
        )
        forget_old_versions = s3.LifecycleRule(
            id="ForgetOldVersions", noncurrent_version_expiration=Duration.days(30)
        )
        # Only people delete what they dropped. A record names its version, which is read for one
        # more day after it has expired; so it is there for as long as the stage says, not longer.
        expiring = Duration.days(stage.original_retention_days - 1)
        outlived = Duration.days(1)
        retention = Duration.days(stage.prediction_retention_days)
        images = PrivateBucket(
            self,
            "Images",
            stage=stage,
            access_logs=access_logs,
            versioned=True,
            lifecycle_rules=[
                abandon_uploads,
                forget_old_versions,
                *(
                    s3.LifecycleRule(
                        id=name,
                        prefix=prefix,
                        expiration=days,
                        noncurrent_version_expiration=outlived,
                    )
                    for name, prefix, days in (
                        ("ForgetPosted", "api/", expiring),
                        ("ForgetUploads", POSTED_PREFIX, expiring),
                        ("ForgetThumbnails", "thumbnails/", retention),
                    )
                ),
            ],
            cors=[page_may_upload()] if stage.on_aws else [],
        )
        models = PrivateBucket(
            self,
            "Models",
            stage=stage,
            access_logs=access_logs,
            versioned=True,
            lifecycle_rules=[abandon_uploads, forget_old_versions],
            cors=[page_may_read()] if stage.on_aws else [],  # what classifies on a device
        )
        datasets = PrivateBucket(
            self,
            "Datasets",
            stage=stage,
            access_logs=access_logs,
            lifecycle_rules=[
                abandon_uploads,
                s3.LifecycleRule(id="ForgetRuns", prefix=RUNS_PREFIX, expiration=KEEP_RUNS),
            ],
            cors=[page_may_upload()] if stage.on_aws else [],
        )
        backfills = PrivateBucket(
            self,
            "Backfills",
            stage=stage,
            access_logs=access_logs,
            lifecycle_rules=[
                abandon_uploads,
                s3.LifecycleRule(id="ForgetWork", prefix=WORK_PREFIX, expiration=KEEP_JOBS),
            ],
        )
        self.job_stores = JobStores(
            datasets=datasets,
            backfills=backfills,
            folders=PrivateBucket(
                self,
                "JobFolders",
                stage=stage,
                access_logs=access_logs,
                lifecycle_rules=[
                    abandon_uploads,
                    s3.LifecycleRule(id="ForgetJobs", prefix=FOLDER, expiration=KEEP_JOBS),
                    s3.LifecycleRule(id="ForgetSealed", prefix=SEALED, expiration=KEEP_JOBS),
                ],
            ),
            records=JobsTable(self, "TrainingJobs", stage=stage),
        )
        self.stores = Stores(
            images=images,
            models=models,
            predictions=PredictionsTable(self, "Predictions", stage=stage),
            registry=RegistryTable(self, "Registry", stage=stage),
            insights=InsightsTable(self, "Insights", stage=stage),
            audit=AuditTable(self, "Audit", stage=stage),
            usage=UsageTable(self, "Usage", stage=stage),
            keys=KeysTable(self, "Keys", stage=stage),
            datasets_table=DatasetsTable(self, "DatasetTable", stage=stage),
        )
        self.image_queue = ImageQueue(
            self,
            "ImageQueue",
            stage=stage,
            consumer_timeout=INGEST_TIMEOUT,
            what="A dropped image or an image of a dataset",
        )
        UploadNotification(self, "UploadNotification", bucket=images, queue=self.image_queue.queue)
        self.curation_queue = ImageQueue(
            self,
            "CurationQueue",
            stage=stage,
            consumer_timeout=CURATE_TIMEOUT,
            what="An image of a dataset",
            backlog_alarm=stage.all_alarms,
            # One more alarm would cost money while idle.
            dead_letters=self.image_queue.dead_letter_queue,
        )
        UploadNotification(
            self,
            "CurationNotification",
            bucket=datasets,
            queue=self.curation_queue.queue,
            prefixes=(CONTENT_PREFIX, DROP_PREFIX),
        )

        for name, value in {
            "AlarmTopic": self.alarms.topic.topic_arn,
            "ImagesBucket": images.bucket_name,
            "ModelsBucket": models.bucket_name,
            "DatasetsBucket": datasets.bucket_name,
            "BackfillsBucket": backfills.bucket_name,
            "JobsBucket": self.job_stores.folders.bucket_name,
            "JobsTable": self.job_stores.records.table_name,
            "PredictionsTable": self.stores.predictions.table_name,
            "RegistryTable": self.stores.registry.table_name,
            "InsightsTable": self.stores.insights.table_name,
            "AuditTable": self.stores.audit.table_name,
            "UsageTable": self.stores.usage.table_name,
            "BudgetTopic": self.budget.topic.topic_arn,
            "DatasetsTable": self.stores.datasets_table.table_name,
            "KeysTable": self.stores.keys.table_name,
            "QueueUrl": self.image_queue.queue.queue_url,
            "CurationQueueUrl": self.curation_queue.queue.queue_url,
            "DeadLetterQueueUrl": self.image_queue.dead_letter_queue.queue_url,
        }.items():
            CfnOutput(self, name, value=value)
