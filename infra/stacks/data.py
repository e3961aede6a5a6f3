"""What outlives a deploy: images, models, records, and the queue that feeds the service."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.access_log_bucket import AccessLogBucket
from infra.constructs.alarm import AlarmTopic
from infra.constructs.image_queue import ImageQueue
from infra.constructs.prediction_tables import InsightsTable, PredictionsTable, RegistryTable
from infra.constructs.private_bucket import PrivateBucket
from infra.constructs.training_job_data import JobsBucket, JobsTable
from infra.constructs.upload_notification import UploadNotification, page_may_post
from infra.stages import StageConfig
from visionflow.images.uploads import POSTED_PREFIX

# A record is the work of seconds; a function that runs for a minute is stuck.
INGEST_TIMEOUT = Duration.seconds(60)


class DataStack(Stack):
    """Buckets, tables and the queue.

    Attributes:
        images: `uploads/` dropped by people, `api/` and `thumbnails/` written by the service.
        models: `models/<name>/<version>/`, manifest last.
        datasets: training data.
        job_folders: what the machines of training jobs leave.
        jobs: the table of training jobs.
        predictions: the predictions table.
        registry: the model registry table.
        insights: counters, shadows' answers and the history of feedback.
        image_queue: the queue of dropped images.
        alarms: the topic that every alarm of the stage tells.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.alarms = AlarmTopic(self, "Alarms", stage=stage)
        access_logs = AccessLogBucket(self, "AccessLogs", stage=stage)
        abandon_uploads = s3.LifecycleRule(
            id="AbandonUploads", abort_incomplete_multipart_upload_after=Duration.days(1)
        )
        forget_old_versions = s3.LifecycleRule(
            id="ForgetOldVersions", noncurrent_version_expiration=Duration.days(30)
        )
        # What came through the API leaves with its record. What people dropped is theirs to delete.
        retention = Duration.days(stage.prediction_retention_days)
        self.images = PrivateBucket(
            self,
            "Images",
            stage=stage,
            access_logs=access_logs,
            versioned=True,
            lifecycle_rules=[
                abandon_uploads,
                forget_old_versions,
                s3.LifecycleRule(id="ForgetPosted", prefix="api/", expiration=retention),
                s3.LifecycleRule(id="ForgetThumbnails", prefix="thumbnails/", expiration=retention),
                s3.LifecycleRule(id="ForgetUploads", prefix=POSTED_PREFIX, expiration=retention),
            ],
            cors=[page_may_post()] if stage.on_aws else [],
        )
        self.models = PrivateBucket(
            self,
            "Models",
            stage=stage,
            access_logs=access_logs,
            versioned=True,
            lifecycle_rules=[abandon_uploads, forget_old_versions],
        )
        self.datasets = PrivateBucket(
            self,
            "Datasets",
            stage=stage,
            access_logs=access_logs,
            lifecycle_rules=[abandon_uploads],
        )
        self.job_folders = JobsBucket(self, "JobFolders", stage=stage, access_logs=access_logs)
        self.jobs = JobsTable(self, "TrainingJobs", stage=stage)
        self.predictions = PredictionsTable(self, "Predictions", stage=stage)
        self.registry = RegistryTable(self, "Registry", stage=stage)
        self.insights = InsightsTable(self, "Insights", stage=stage)
        self.image_queue = ImageQueue(
            self, "ImageQueue", stage=stage, consumer_timeout=INGEST_TIMEOUT
        )
        UploadNotification(
            self, "UploadNotification", bucket=self.images, queue=self.image_queue.queue
        )

        CfnOutput(self, "AlarmTopic", value=self.alarms.topic.topic_arn)
        CfnOutput(self, "ImagesBucket", value=self.images.bucket_name)
        CfnOutput(self, "ModelsBucket", value=self.models.bucket_name)
        CfnOutput(self, "DatasetsBucket", value=self.datasets.bucket_name)
        CfnOutput(self, "JobsBucket", value=self.job_folders.bucket_name)
        CfnOutput(self, "JobsTable", value=self.jobs.table_name)
        CfnOutput(self, "PredictionsTable", value=self.predictions.table_name)
        CfnOutput(self, "RegistryTable", value=self.registry.table_name)
        CfnOutput(self, "InsightsTable", value=self.insights.table_name)
        CfnOutput(self, "QueueUrl", value=self.image_queue.queue.queue_url)
        CfnOutput(self, "DeadLetterQueueUrl", value=self.image_queue.dead_letter_queue.queue_url)
