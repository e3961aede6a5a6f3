"""Buckets, tables and the queue."""

import pytest

from infra.stages import LOCAL, PROD
from lambdas.classification.settings import MAX_RECEIVE_COUNT
from tests.infra.conftest import Resource, Synthesize, Templates
from visionflow.dynamodb import EXPIRY
from visionflow.images.uploads import POSTED_PREFIX, UPLOAD_PREFIX

BUCKET = "AWS::S3::Bucket"
QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::DynamoDB::Table"


def test_every_bucket_is_encrypted_and_closed_to_the_public(on_aws: Templates) -> None:
    for properties in on_aws.properties(BUCKET).values():
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]


def test_local_data_is_closed_to_the_public(local: Templates) -> None:
    for properties in local.properties(BUCKET, "Data").values():
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.parametrize(
    ("resource", "policy", "names"),
    [(BUCKET, "AWS::S3::BucketPolicy", "Bucket"), (QUEUE, "AWS::SQS::QueuePolicy", "Queues")],
)
def test_nothing_answers_without_tls(
    on_aws: Templates, resource: str, policy: str, names: str
) -> None:
    refused = set()
    for properties in on_aws.properties(policy).values():
        targets = properties[names]
        for target in targets if isinstance(targets, list) else [targets]:
            if any(_denies_plain_http(s) for s in properties["PolicyDocument"]["Statement"]):
                refused.add(on_aws.text(target))
    assert refused == set(on_aws.resources(resource))


def test_images_and_models_keep_their_versions(templates: Templates) -> None:
    buckets = templates.properties(BUCKET, "Data")
    for name in ("Images", "Models"):
        assert buckets[name]["VersioningConfiguration"] == {"Status": "Enabled"}


def test_originals_leave_when_the_stage_says_and_thumbnails_with_their_records(
    templates: Templates,
) -> None:
    rules = templates.properties(BUCKET, "Data")["Images"]["LifecycleConfiguration"]["Rules"]
    kept = {
        rule["Prefix"]: (
            rule["ExpirationInDays"],
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"],
        )
        for rule in rules
        if "Prefix" in rule
    }
    original = (templates.stage.original_retention_days - 1, 1)
    thumbnail = (templates.stage.prediction_retention_days, 1)
    assert kept == {"api/": original, POSTED_PREFIX: original, "thumbnails/": thumbnail}


def test_the_page_may_upload_images_and_read_models_from_a_browser(on_aws: Templates) -> None:
    open_to_pages = {}
    for name, bucket in on_aws.properties(BUCKET).items():
        if "CorsConfiguration" in bucket:
            (rule,) = bucket["CorsConfiguration"]["CorsRules"]
            open_to_pages[name] = rule["AllowedMethods"]
            assert rule["AllowedOrigins"] == ["https://*.cloudfront.net"]
    assert open_to_pages == {
        "Images": ["GET", "PUT"],
        "Datasets": ["GET", "PUT"],
        "Models": ["GET"],
    }


def test_every_bucket_but_the_logs_writes_access_logs(on_aws: Templates) -> None:
    silent = {
        name
        for name, properties in on_aws.properties(BUCKET).items()
        if "LoggingConfiguration" not in properties
    }
    assert silent == {"AccessLogs"}


def test_dropped_images_reach_the_queue(templates: Templates) -> None:
    images = templates.properties(BUCKET, "Data")["Images"]
    (configuration,) = images["NotificationConfiguration"]["QueueConfigurations"]
    assert configuration["Event"] == "s3:ObjectCreated:*"
    assert templates.text(configuration["Queue"]) == "ImageQueue"
    assert configuration["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": UPLOAD_PREFIX}]


def test_images_of_datasets_reach_their_queue(templates: Templates) -> None:
    """The prefixes of jobs, `<name>/<class>/`, do not."""
    datasets = templates.properties(BUCKET, "Data")["Datasets"]
    found = datasets["NotificationConfiguration"]["QueueConfigurations"]
    assert {templates.text(configuration["Queue"]) for configuration in found} == {"CurationQueue"}
    assert {configuration["Event"] for configuration in found} == {"s3:ObjectCreated:*"}
    assert [configuration["Filter"]["S3Key"]["Rules"] for configuration in found] == [
        [{"Name": "prefix", "Value": prefix}] for prefix in ("content/", "datasets/")
    ]


@pytest.mark.parametrize(
    ("queue", "bucket"), [("ImageQueue", "images"), ("CurationQueue", "datasets")]
)
def test_only_this_stacks_bucket_may_send_to_the_queue(
    templates: Templates, queue: str, bucket: str
) -> None:
    policies = templates.properties("AWS::SQS::QueuePolicy", "Data")
    (allowed,) = (
        statement
        for properties in policies.values()
        for statement in properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and templates.text(statement["Resource"]) == queue
    )
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = templates.text(allowed["Condition"]["ArnLike"]["aws:SourceArn"])
    stack = f"visionflow-{templates.stage.name}-data"
    assert source.startswith(f"arn:AWS::Partition:s3:::{stack}-{bucket}")


@pytest.mark.parametrize("bucket", ["Images", "Datasets"])
def test_the_bucket_is_made_after_the_permission_to_notify(
    templates: Templates, bucket: str
) -> None:
    dependencies = templates.resources(BUCKET, "Data")[bucket]["DependsOn"]
    data = templates.stacks["Data"]["Resources"]
    assert "AWS::SQS::QueuePolicy" in {data[logical_id]["Type"] for logical_id in dependencies}


@pytest.mark.parametrize(
    ("name", "function"), [("ImageQueue", "Ingest"), ("CurationQueue", "Curate")]
)
def test_the_queue_waits_six_times_as_long_as_its_function(
    templates: Templates, name: str, function: str
) -> None:
    consumer = templates.properties("AWS::Lambda::Function", "Service")[function]
    queue = templates.properties(QUEUE)[name]
    assert queue["VisibilityTimeout"] >= 6 * consumer["Timeout"]


def test_what_keeps_failing_goes_to_the_dead_letter_queue(templates: Templates) -> None:
    queues = templates.properties(QUEUE)
    for name in ("ImageQueue", "CurationQueue"):
        redrive = queues[name]["RedrivePolicy"]
        assert templates.text(redrive["deadLetterTargetArn"]) == "ImageQueueDeadLetters"
        assert redrive["maxReceiveCount"] == MAX_RECEIVE_COUNT
    for queue in queues.values():
        assert queue["SqsManagedSseEnabled"] is True
    kept = {name: queue["MessageRetentionPeriod"] for name, queue in queues.items()}
    assert kept["ImageQueueDeadLetters"] > kept["ImageQueue"]


@pytest.mark.parametrize(
    ("metric", "queue"),
    [
        ("ApproximateNumberOfMessagesVisible", "ImageQueueDeadLetters"),
        ("ApproximateAgeOfOldestMessage", "ImageQueue"),
    ],
)
def test_a_stuck_image_raises_an_alarm(templates: Templates, metric: str, queue: str) -> None:
    (alarm,) = (
        alarm
        for alarm in templates.properties("AWS::CloudWatch::Alarm", "Data").values()
        if alarm["MetricName"] == metric
    )
    (dimension,) = alarm["Dimensions"]
    assert templates.text(dimension["Value"]) == queue
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_predictions_can_be_read_newest_first_and_for_review(templates: Templates) -> None:
    table = templates.properties(TABLE)["Predictions"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert _keys(table) == ("id",)
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    assert {name: _keys(index) for name, index in indexes.items()} == {
        "by_time": ("time_shard", "position"),
        "by_label": ("label_shard", "position"),
        "by_status": ("status_shard", "position"),
        "by_owner": ("owner_shard", "position"),
        "by_feedback": ("feedback_shard", "position"),
        "by_review": ("review_shard", "review_position"),
    }
    for index in indexes.values():
        assert index["Projection"] == {"ProjectionType": "ALL"}


def test_the_registry_has_a_partition_and_a_sort_key(templates: Templates) -> None:
    assert _keys(templates.properties(TABLE)["Registry"]) == ("pk", "sk")


def test_insights_are_forgotten_with_what_they_are_about(templates: Templates) -> None:
    table = templates.properties(TABLE)["Insights"]
    assert _keys(table) == ("pk", "sk")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_tables_can_be_restored_outside_the_local_cloud(templates: Templates) -> None:
    for table in templates.properties(TABLE).values():
        recovery = table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert recovery is (templates.stage != LOCAL)


def test_production_data_survives_the_stack(synthesize: Synthesize) -> None:
    data = synthesize(PROD).stacks["Data"]["Resources"].values()
    policies = {(each["Type"], each["DeletionPolicy"]) for each in data if "DeletionPolicy" in each}
    # Protection against deletion would make the rollback of a first deployment fail, so a table is
    # left there: empty, under a name of its own. A bucket is not.
    assert policies >= {(BUCKET, "RetainExceptOnCreate"), (TABLE, "Retain")}
    assert len({kind for kind, _ in policies}) == len(policies)
    for table in synthesize(PROD).properties(TABLE).values():
        assert table["DeletionProtectionEnabled"] is True


def _keys(table: Resource) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in table["KeySchema"])


def _denies_plain_http(statement: Resource) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and statement["Principal"] == {"AWS": "*"}
        and statement["Action"] in ("s3:*", "sqs:*")
    )


def test_rows_expire_by_what_every_read_looks_at(templates: Templates) -> None:
    tables = {**templates.properties(TABLE)}
    expiring = {
        n: t["TimeToLiveSpecification"] for n, t in tables.items() if "TimeToLiveSpecification" in t
    }
    assert set(expiring) >= {"Predictions", "Insights", "Usage", "Keys"}
    assert {found["AttributeName"] for found in expiring.values()} <= set(EXPIRY)
