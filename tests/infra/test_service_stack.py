"""The functions: what they may do, how they are bounded and watched."""

import json
from typing import Any

import pytest

from lambdas.api.settings import ApiSettings, DatasetSettings, HookSettings
from lambdas.budget.settings import BudgetFunctionSettings
from lambdas.classification.decoder import DEFAULT_DECODER_LIMITS
from lambdas.classification.loading import REFUSED_SERVICE
from lambdas.classification.settings import ClassificationSettings, DeadLetterSettings
from lambdas.counters.settings import CountersSettings
from lambdas.curate.settings import CurateSettings
from lambdas.events.settings import EventsSettings
from lambdas.hooks.settings import HooksSettings
from lambdas.predict.thumbnails import BEGIN_WITHIN_S
from lambdas.shadow.settings import ShadowSettings
from tests.infra.conftest import EVERYTHING, Resource, Synthesize, Templates
from visionflow.access.budget import BudgetSettings
from visionflow.access.keys import KEYS, USES
from visionflow.access.usage import UsageSettings
from visionflow.datasets.rows import DATASETS
from visionflow.events.delivery import DeliverySettings
from visionflow.settings import EnvSettings

FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (
    "Predict",
    "Ingest",
    "Api",
    "Budget",
    "Curate",
    "ListeningHooks",
    "EventsOutEvents",
    "ModelWatchCounters",
    "ModelWatchShadow",
)
# Where people sign in.
AUTHORIZER = "SignInAuthorizer"

Grants = set[tuple[str, str]]

FIND_MODEL: Grants = {
    ("s3:GetObject", "Models/*"),
    ("s3:ListBucket", "Models"),
    ("dynamodb:GetItem", "Registry"),
    ("dynamodb:Query", "Registry"),
}
RECORD: Grants = {("dynamodb:PutItem", "Predictions"), ("dynamodb:GetItem", "Predictions")}
COUNT: Grants = {("dynamodb:UpdateItem", "Usage"), ("dynamodb:GetItem", "Usage")}
READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator")
SEND_TO_QUEUE = ("SendMessage", "GetQueueAttributes", "GetQueueUrl")
CONSUME_QUEUE = (
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
)
# Generated names, of which these are the beginnings.
INGEST_MAPPING = "event-source-mapping:IngestAliaslive"
# Those of other stacks.
OTHERS = ("Jobs", "Publish", "Embed", "Instant", "Backfill", "Chunk")
HOOKS_MAPPING = "event-source-mapping:ListeningHooksSqsEventSource"
_OWN = "AWS::Region:AWS::AccountId"
HOOK_SECRETS = f"arn:AWS::Partition:ssm:{_OWN}:parameter/visionflow/STAGE/hooks/*"
HOOK_RULES = f"arn:AWS::Partition:events:{_OWN}:rule/EventsOutBus/hook-*"
MANAGE_HOOKS: Grants = {
    *{
        ("dynamodb:" + action, "ListeningTable")
        for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    },
    *{
        ("events:" + action, HOOK_RULES)
        for action in ("PutRule", "DeleteRule", "PutTargets", "RemoveTargets")
    },
    ("events:PutEvents", "EventsOutBus"),
    # It writes secrets and reads none.
    *{("ssm:" + action, HOOK_SECRETS) for action in ("PutParameter", "DeleteParameter")},
    ("sns:Subscribe", "ListeningMail"),
    ("sns:Unsubscribe", "ListeningMail:*"),
    *{("sqs:" + action, "ListeningQueue") for action in ("SendMessage", "GetQueueAttributes")},
    *{
        ("sqs:" + action, "ListeningDeadLetters")
        for action in (
            "ReceiveMessage",
            "DeleteMessage",
            "ChangeMessageVisibility",
            "GetQueueAttributes",
        )
    },
    *{(f"lambda:{action}EventSourceMapping", HOOKS_MAPPING) for action in ("Get", "Update")},
}
# The emulator takes the targets of a rule for the bus's.
LOCAL_HOOKS: Grants = {
    ("events:" + action, "EventsOutBus") for action in ("PutTargets", "RemoveTargets")
}
GRANTS: dict[str, Grants] = {
    "Predict": {
        *FIND_MODEL,
        *RECORD,
        *COUNT,
        ("s3:PutObject", "Images/api/*"),
        # Thumbnails when somebody looks, unless the record was erased meanwhile.
        ("s3:PutObject", "Images/thumbnails/*"),
        ("s3:GetObject", "Images/thumbnails/*"),
        ("s3:ListBucketVersions", "Images"),
        ("s3:DeleteObjectVersion", "Images/thumbnails/*"),
        ("dynamodb:UpdateItem", "Predictions"),
        # For the heatmap of a record.
        *{
            (f"s3:{action}", f"Images/{prefix}/*")
            for action in ("GetObject", "GetObjectVersion")
            for prefix in ("api", "uploads")
        },
        ("s3:ListBucket", "Images"),
    },
    "Ingest": {
        ("sqs:SendMessage", "ImageQueueDeadLetters"),
        *FIND_MODEL,
        *RECORD,
        *COUNT,
        ("sns:Publish", "BudgetTopic"),
        ("s3:GetObject", "Images/uploads/*"),
        ("s3:GetObjectVersion", "Images/uploads/*"),
        ("s3:ListBucket", "Images"),
        ("sqs:ReceiveMessage", "ImageQueue"),
        ("sqs:DeleteMessage", "ImageQueue"),
        ("sqs:ChangeMessageVisibility", "ImageQueue"),
        ("sqs:GetQueueAttributes", "ImageQueue"),
        ("sqs:GetQueueUrl", "ImageQueue"),
    },
    "Curate": {
        *RECORD,
        ("s3:ListBucket", "Datasets"),
        ("s3:GetObject", "Datasets/content/*"),
        ("s3:GetObject", "Datasets/datasets/*"),
        ("s3:PutObject", "Datasets/content/*"),
        ("s3:DeleteObject", "Datasets/content/*"),
        ("s3:DeleteObject", "Datasets/datasets/*"),
        *{("dynamodb:" + action, "DatasetTable") for action in ("GetItem", "BatchGetItem")},
        *{("dynamodb:" + action, "DatasetTable") for action in ("Query", "PutItem", "UpdateItem")},
        # The content of an image that was erased while it was looked at.
        ("dynamodb:DeleteItem", "DatasetTable"),
        ("sqs:SendMessage", "CurationQueue"),
        ("sqs:SendMessage", "ImageQueueDeadLetters"),
        *{("sqs:" + action, "CurationQueue") for action in CONSUME_QUEUE},
        # Images of records that flow in, and those whose record was erased meanwhile.
        ("dynamodb:ConditionCheckItem", "DatasetTable"),
        ("s3:ListBucket", "Images"),
        *{
            ("s3:" + action, f"Images/{prefix}/*")
            for action in ("GetObject", "GetObjectVersion")
            for prefix in ("api", "uploads")
        },
        ("s3:ListBucketVersions", "Datasets"),
        ("s3:DeleteObjectVersion", "Datasets/content/*"),
        # The training that a rule starts.
        ("s3:GetObject", "Datasets/versions/*"),
        ("dynamodb:GetItem", "Usage"),
        ("dynamodb:PutItem", "Audit"),
        ("states:StartExecution", "InstantTrainingStateMachine"),
    },
    "Budget": {
        ("dynamodb:UpdateItem", "Usage"),
        ("lambda:UpdateEventSourceMapping", INGEST_MAPPING),
        ("dynamodb:PutItem", "Audit"),
    },
    "Api": {
        *FIND_MODEL,
        *COUNT,
        ("sns:Publish", "BudgetTopic"),
        ("s3:GetObject", "Images/*"),
        ("s3:ListBucket", "Images"),
        ("s3:PutObject", "Images/uploads/posted/*"),
        ("s3:GetObjectVersion", "Images/*"),
        *{("dynamodb:" + action, "Predictions") for action in ("GetItem", "BatchGetItem")},
        ("s3:GetObject", "Backfills/backfills/*/comparison.json.gz"),
        ("s3:ListBucket", "Backfills"),
        ("dynamodb:Query", "Predictions/index/by_time"),
        ("dynamodb:Query", "Predictions/index/by_label"),
        ("dynamodb:Query", "Predictions/index/by_status"),
        ("dynamodb:Query", "Predictions/index/by_review"),
        ("dynamodb:Query", "Predictions/index/by_owner"),
        ("dynamodb:Query", "Predictions/index/by_feedback"),
        ("dynamodb:UpdateItem", "Predictions"),
        # Erasing: a tombstone in place of a record, and what belongs to it.
        ("dynamodb:PutItem", "Predictions"),
        ("dynamodb:UpdateItem", "Insights"),
        ("dynamodb:DeleteItem", "Insights"),
        ("s3:ListBucketVersions", "Images"),
        ("s3:DeleteObjectVersion", "Images/api/*"),
        ("s3:DeleteObjectVersion", "Images/thumbnails/*"),
        ("s3:DeleteObjectVersion", "Images/uploads/*"),
        # How large they are, for the cost of storage.
        ("cloudwatch:GetMetricData", "*"),
        ("dynamodb:DescribeTable", "Predictions"),
        ("dynamodb:DescribeTable", "Insights"),
        ("dynamodb:DescribeTable", "DatasetTable"),
        ("dynamodb:PutItem", "Audit"),
        ("dynamodb:Query", "Audit"),
        ("dynamodb:PutItem", "Registry"),
        ("dynamodb:UpdateItem", "Registry"),
        ("dynamodb:ConditionCheckItem", "Registry"),
        ("dynamodb:GetItem", "Insights"),
        ("dynamodb:BatchGetItem", "Insights"),
        ("dynamodb:Query", "Insights"),
        ("dynamodb:PutItem", "Insights"),
        *{("dynamodb:" + action, "Keys") for action in ("Query", "GetItem")},
        *{("dynamodb:" + action, "Keys") for action in ("PutItem", "UpdateItem")},
        ("dynamodb:GetItem", "TrainingJobs"),
        ("dynamodb:PutItem", "TrainingJobs"),
        ("dynamodb:Query", "TrainingJobs"),
        ("s3:ListBucket", "Datasets"),
        *{("s3:" + action, "Datasets/content/*") for action in ("GetObject", "PutObject")},
        *{("s3:" + action, "Datasets/versions/*") for action in ("GetObject", "PutObject")},
        *{
            ("s3:DeleteObjectVersion", f"Datasets/{prefix}/*")
            for prefix in ("content", "datasets", "versions")
        },
        ("s3:ListBucketVersions", "Datasets"),
        *{("dynamodb:" + action, "DatasetTable") for action in ("GetItem", "BatchGetItem")},
        *{("dynamodb:" + action, "DatasetTable") for action in ("Query", "PutItem", "UpdateItem")},
        *{("dynamodb:" + action, "DatasetTable") for action in ("DeleteItem", "BatchWriteItem")},
        ("sqs:SendMessage", "CurationQueue"),
        ("states:StartExecution", "InstantTrainingStateMachine"),
        *MANAGE_HOOKS,
        # What the machines of jobs report.
        ("s3:ListBucket", "JobFolders"),
        ("s3:GetObject", "JobFolders/jobs/*/report.json"),
        ("states:StartExecution", "JobLifeStateMachine"),
        # To count the images of a backfill's source, and to start it.
        ("s3:GetObject", "Backfills/sources/*"),
        ("sts:AssumeRole", "arn:AWS::Partition:iam::*:role/VisionFlowRead*"),
        ("states:StartExecution", "BackfillLifeStateMachine"),
    },
    "ModelWatchCounters": {
        ("s3:GetObject", "Models/*"),
        ("s3:ListBucket", "Models"),
        ("dynamodb:GetItem", "Registry"),
        ("dynamodb:PutItem", "Registry"),
        ("dynamodb:GetItem", "Insights"),
        ("dynamodb:Query", "Insights"),
        ("dynamodb:PutItem", "Insights"),
        ("dynamodb:UpdateItem", "Insights"),
        ("dynamodb:PutItem", "Audit"),
        ("lambda:InvokeFunction", "ModelWatchShadow"),
        *{("sqs:" + action, "ModelWatchDeadLetters") for action in SEND_TO_QUEUE},
        ("dynamodb:ListStreams", "*"),
        *{("dynamodb:" + action, "Predictions") for action in READ_STREAM},
        # Records that the rules of datasets want.
        ("dynamodb:Query", "DatasetTable"),
        ("sqs:SendMessage", "CurationQueue"),
    },
    "ListeningHooks": {
        *{("dynamodb:" + action, "ListeningTable") for action in ("GetItem", "UpdateItem")},
        *{("sqs:SendMessage", f"Listening{queue}") for queue in ("Queue", "DeadLetters")},
        *{("sqs:" + action, "ListeningQueue") for action in CONSUME_QUEUE},
        ("ssm:GetParameter", HOOK_SECRETS),
    },
    "EventsOutEvents": {
        ("events:PutEvents", "EventsOutBus"),
        ("dynamodb:Query", "ListeningTable"),
        ("lambda:GetEventSourceMapping", HOOKS_MAPPING),
        ("lambda:UpdateEventSourceMapping", HOOKS_MAPPING),
        ("events:ListRules", "*"),
        *{("sqs:" + action, "ModelWatchDeadLetters") for action in SEND_TO_QUEUE},
        ("dynamodb:ListStreams", "*"),
        *{
            ("dynamodb:" + action, table)
            for action in READ_STREAM
            for table in ("Predictions", "Registry", "TrainingJobs", "DatasetTable")
        },
    },
    AUTHORIZER: {("dynamodb:GetItem", "Keys"), ("dynamodb:UpdateItem", "Keys")},
    "ModelWatchShadow": {
        *FIND_MODEL,
        ("s3:GetObject", "Images/*"),
        ("s3:GetObjectVersion", "Images/*"),
        ("s3:ListBucket", "Images"),
        ("dynamodb:GetItem", "Predictions"),
        ("dynamodb:ConditionCheckItem", "Predictions"),
        ("dynamodb:BatchGetItem", "Insights"),
        ("dynamodb:PutItem", "Insights"),
        ("dynamodb:UpdateItem", "Insights"),
        *{("sqs:" + action, "ModelWatchDeadLetters") for action in SEND_TO_QUEUE},
    },
}
TRACE: Grants = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}


def functions_of(templates: Templates) -> set[str]:
    return {*FUNCTIONS, *((AUTHORIZER,) if templates.stage.on_aws else ())}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_does_and_nothing_else(
    templates: Templates, function: str
) -> None:
    _check_grants(templates, function)


def test_the_authorizer_reads_keys_and_changes_none(on_aws: Templates) -> None:
    _check_grants(on_aws, AUTHORIZER)
    rows = _rows_of_keys(on_aws, AUTHORIZER)
    assert rows == {("dynamodb:GetItem", KEYS), ("dynamodb:UpdateItem", USES)}


def test_the_api_changes_keys_and_never_their_last_use(templates: Templates) -> None:
    rows = _rows_of_keys(templates, "Api")
    writes = {("dynamodb:PutItem", KEYS), ("dynamodb:UpdateItem", KEYS)}
    assert rows == {("dynamodb:GetItem", "*"), ("dynamodb:Query", "*"), *writes}


def test_the_counters_see_which_datasets_there_are_and_no_image(templates: Templates) -> None:
    (statement,) = (
        found
        for found in _statements(templates, "ModelWatchCountersRole")
        if "DatasetTable" in map(templates.text, _as_list(found["Resource"]))
    )
    held = statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]
    assert (statement["Action"], _as_list(held)) == ("dynamodb:Query", [DATASETS])


def _rows_of_keys(templates: Templates, function: str) -> Grants:
    """What a function may do with the table of keys, by partition."""
    found: Grants = set()
    for statement in _statements(templates, f"{function}Role"):
        if "Keys" not in map(templates.text, _as_list(statement["Resource"])):
            continue
        held = statement.get("Condition", {}).get("ForAllValues:StringEquals", {})
        rows = held.get("dynamodb:LeadingKeys", ["*"])
        found |= {(action, row) for action in _as_list(statement["Action"]) for row in rows}
    return found


def _check_grants(templates: Templates, function: str) -> None:
    logs = {(f"logs:{action}", f"{function}Logs") for action in ("CreateLogStream", "PutLogEvents")}
    traces = TRACE if templates.stage.tracing else set()
    local = LOCAL_HOOKS if function == "Api" and not templates.stage.on_aws else set()
    found = {
        (action, resource.replace(f"/{templates.stage.name}/", "/STAGE/"))
        for action, resource in _grants(templates, f"{function}Role")
    }
    assert found == GRANTS[function] | logs | traces | local


def test_no_function_has_a_managed_policy(templates: Templates) -> None:
    roles = templates.properties("AWS::IAM::Role", "Service")
    assert set(roles) == {f"{function}Role" for function in functions_of(templates)}
    for role in roles.values():
        assert "ManagedPolicyArns" not in role
        assert "Policies" not in role


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("Predict", ClassificationSettings),
        ("Ingest", ClassificationSettings),
        ("Api", ApiSettings),
        ("Api", DatasetSettings),
        ("Api", UsageSettings),
        ("Predict", UsageSettings),
        ("Ingest", UsageSettings),
        ("Ingest", BudgetSettings),
        ("Api", BudgetSettings),
        ("Budget", BudgetFunctionSettings),
        ("Curate", CurateSettings),
        ("Ingest", DeadLetterSettings),
        ("Curate", DeadLetterSettings),
        ("ModelWatchCounters", CountersSettings),
        ("ModelWatchShadow", ShadowSettings),
        ("EventsOutEvents", EventsSettings),
        ("EventsOutEvents", DeliverySettings),
        ("ListeningHooks", HooksSettings),
        ("Api", HookSettings),
    ],
)
def test_a_function_can_read_its_environment(
    templates: Templates, function: str, settings: type[EnvSettings]
) -> None:
    variables = templates.properties(FUNCTION)[function]["Environment"]["Variables"]
    environment = {name: templates.text(value) for name, value in variables.items()}
    read = settings.from_env(environment)
    assert read.to_env().items() <= environment.items()
    named = {
        "images_bucket": "Images",
        "datasets_bucket": "Datasets",
        "datasets_table": "DatasetTable",
        "curation_queue": "CurationQueue",
        "dead_letter_queue": "ImageQueueDeadLetters",
        "models_bucket": "Models",
        "predictions_table": "Predictions",
        "registry_table": "Registry",
        "insights_table": "Insights",
        "audit_table": "Audit",
        "usage_table": "Usage",
        "budget_topic": "BudgetTopic",
        "keys_table": "Keys",
        "instant_machine": "InstantTrainingStateMachine",
        "shadow_function": "ModelWatchShadow",
        "uncounted_queue_url": "ModelWatchDeadLetters",
        "unsent_queue_url": "ModelWatchDeadLetters",
        "event_bus": "EventsOutBus",
        "hooks_table": "ListeningTable",
        "hook_queue": "ListeningQueue",
        "hook_queue_arn": "ListeningQueue",
        "hook_dead_letters": "ListeningDeadLetters",
        "hook_mail": "ListeningMail",
        "jobs_table": "TrainingJobs",
    }
    assert vars(read).items() >= {n: v for n, v in named.items() if n in vars(read)}.items()


def test_the_budget_function_switches_the_queue_of_dropped_images(templates: Templates) -> None:
    variables = templates.properties(FUNCTION)["Budget"]["Environment"]["Variables"]
    mapping = variables["VISIONFLOW_INGEST_MAPPING"]["Ref"]
    found = templates.stacks["Service"]["Resources"][mapping]
    assert found["Properties"] == _source_of(templates, "Ingest")


def test_the_api_knows_whether_people_sign_in(templates: Templates) -> None:
    """Only then does it refuse requests without a caller."""
    variables = templates.properties(FUNCTION)["Api"]["Environment"]["Variables"]
    expected = str(int(templates.stage.on_aws))
    assert variables["VISIONFLOW_REQUIRES_SIGN_IN"] == expected


def test_who_reads_records_is_deployed_before_who_writes_them(templates: Templates) -> None:
    """A form of records that only the new code knows reaches no old reader."""
    resources = templates.stacks["Service"]["Resources"]
    for writer in ("predict", "ingest"):
        handler = f"lambdas.{writer}.handler.lambda_handler"
        (found,) = (
            resource
            for resource in resources.values()
            if resource["Type"] == FUNCTION and resource["Properties"]["Handler"] == handler
        )
        before = {
            resources[name]["Properties"]["Handler"].split(".")[1]
            for name in found["DependsOn"]
            if resources[name]["Type"] == FUNCTION
        }
        assert before == {"api", "curate", "events", "shadow", "counters"}


def test_versions_are_listed_where_images_lie_alone(templates: Templates) -> None:
    """The right to list knows the bucket alone; its condition names the prefixes."""
    prefixes = {
        (
            templates.text(statement["Resource"]),
            *_as_list(statement["Condition"]["StringLike"]["s3:prefix"]),
        )
        for policy in templates.properties("AWS::IAM::Policy", "Service").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:ListBucketVersions"
    }
    assert prefixes == {
        ("Images", "api/*", "thumbnails/*", "uploads/*"),
        # Of a backfill's source.
        ("Images", "uploads/*", "api/*"),
        # A thumbnail that was made while its record was erased.
        ("Images", "thumbnails/*"),
        ("Datasets", "content/*", "datasets/*", "versions/*"),
        # The curation, of what a rule let in.
        ("Datasets", "content/*"),
    }


def test_nobody_may_change_or_delete_a_row_of_the_audit_trail(templates: Templates) -> None:
    granted = {
        action
        for policy in templates.properties("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _as_list(statement["Action"])
        if "Audit" in map(templates.text, _as_list(statement["Resource"]))
    }
    assert granted == {"dynamodb:PutItem", "dynamodb:Query"}
    table = templates.properties("AWS::DynamoDB::Table")["Audit"]
    assert "TimeToLiveSpecification" not in table
    if templates.stage.on_aws:
        (refusal,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
        assert (refusal["Effect"], refusal["Principal"]) == ("Deny", {"AWS": "*"})
        assert {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} <= set(refusal["Action"])


def test_the_stage_says_whose_records_a_caller_sees(
    templates: Templates, synthesize: Synthesize
) -> None:
    for found, own in ((templates, "0"), (synthesize(EVERYTHING), "1")):
        variables = found.properties(FUNCTION)["Api"]["Environment"]["Variables"]
        assert variables["VISIONFLOW_OWN_RECORDS"] == own


def test_a_thumbnail_that_hangs_its_decoder_ends_within_the_function_s_time(
    templates: Templates,
) -> None:
    timeout = templates.properties(FUNCTION)["Predict"]["Timeout"]
    # And some seconds to read and write.
    assert BEGIN_WITHIN_S + DEFAULT_DECODER_LIMITS.wall_s + 5 <= timeout


def test_every_function_is_made_the_same_way(templates: Templates) -> None:
    functions = templates.properties(FUNCTION, "Service")
    assert set(functions) == functions_of(templates)
    for name, function in functions.items():
        assert function["Runtime"] == "python3.13"
        package = name
        for construct in ("ModelWatch", "SignIn", "EventsOut", "Listening"):
            package = package.removeprefix(construct)
        package = package.lower()
        assert function["Handler"] == f"lambdas.{package}.handler.lambda_handler"
        # Megabytes go with those alone that need them.
        own = {
            "Api": ["RoutingLayer"],
            "Curate": ["StarterLayer"],
            "SignInAuthorizer": ["TokensLayer"],
        }.get(name, [])
        layers = {templates.text(layer) for layer in function["Layers"]}
        assert layers == {"CommonLayer", "RuntimeLayer", *own}
        assert function["Environment"]["Variables"]["OMP_NUM_THREADS"] == "1"
        assert function["TracingConfig" if templates.stage.tracing else "LoggingConfig"]
        assert templates.text(function["LoggingConfig"]["LogGroup"]) == f"{name}Logs"


def test_every_log_is_forgotten_in_time(templates: Templates) -> None:
    groups = templates.properties("AWS::Logs::LogGroup")
    days = {name: group.get("RetentionInDays") for name, group in groups.items()}
    assert set(days.values()) == {templates.stage.log_retention_days}
    # A group that Lambda makes, also for a function of CDK's own, keeps its lines for ever.
    written = {
        name: templates.text(function.get("LoggingConfig", {}).get("LogGroup", "none"))
        for name, function in templates.properties(FUNCTION).items()
    }
    assert {name: group for name, group in written.items() if group not in groups} == {}


def test_concurrency_is_bounded_as_the_stage_says(templates: Templates) -> None:
    functions = templates.properties(FUNCTION, "Service")
    reserved = templates.stage.reserved_concurrency
    assert functions["Predict"].get("ReservedConcurrentExecutions") == reserved.predict
    assert functions["Ingest"].get("ReservedConcurrentExecutions") == reserved.ingest
    assert functions["Api"].get("ReservedConcurrentExecutions") == reserved.api


def test_the_queue_feeds_ingest_and_takes_back_single_items(templates: Templates) -> None:
    mapping = _source_of(templates, "Ingest")
    assert templates.text(mapping["EventSourceArn"]) == "ImageQueue"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    limit = mapping["ScalingConfig"]["MaximumConcurrency"]
    assert limit == templates.stage.ingest_max_concurrency
    reserved = templates.stage.reserved_concurrency.ingest
    assert reserved is None or limit <= reserved, "the queue would outrun the function and throttle"


def test_the_stream_feeds_the_counters_until_each_record_is_counted(templates: Templates) -> None:
    mapping = _source_of(templates, "ModelWatchCounters")
    assert templates.text(mapping["EventSourceArn"]) == "Predictions"
    table = templates.properties("AWS::DynamoDB::Table")["Predictions"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert templates.text(destination) == "ModelWatchDeadLetters"


def test_the_shadow_is_called_without_a_queue_that_is_polled(templates: Templates) -> None:
    (invoke,) = (
        found
        for found in templates.properties("AWS::Lambda::EventInvokeConfig").values()
        if templates.text(found["FunctionName"]) == "ModelWatchShadow"
    )
    assert invoke["MaximumRetryAttempts"] == 2
    assert invoke["MaximumEventAgeInSeconds"] == 6 * 3600
    dead_letters = invoke["DestinationConfig"]["OnFailure"]["Destination"]
    assert templates.text(dead_letters) == "ModelWatchDeadLetters"
    queues = {
        templates.text(mapping["EventSourceArn"])
        for mapping in templates.properties("AWS::Lambda::EventSourceMapping").values()
    }
    assert queues >= {"ImageQueue", "CurationQueue", "Predictions"}
    assert not {name for name in queues if "DeadLetters" in name}
    shadow = templates.properties(FUNCTION)["ModelWatchShadow"]
    reserved = templates.stage.reserved_concurrency.shadow
    assert shadow.get("ReservedConcurrentExecutions") == reserved


@pytest.mark.parametrize(
    ("metric", "services"),
    [
        ("ModelRefused", {REFUSED_SERVICE}),
        ("TrialTakenBack", {"counters"}),
        ("DriftAlarm", {"counters"}),
    ],
)
def test_what_the_watch_finds_raises_an_alarm(
    templates: Templates, metric: str, services: set[str]
) -> None:
    """A function's own metrics carry its name."""
    alarms = templates.properties("AWS::CloudWatch::Alarm", "Service").values()
    watched = set()
    for alarm in alarms:
        if alarm.get("MetricName") == metric:
            (dimension,) = alarm["Dimensions"]
            assert dimension["Name"] == "service"
            watched.add(dimension["Value"])
    assert watched == services
    functions = templates.properties(FUNCTION, "Service").values()
    names = {f["Environment"]["Variables"]["VISIONFLOW_SERVICE_NAME"] for f in functions}
    assert services <= {*names, REFUSED_SERVICE}


def test_an_error_in_any_function_rings_where_the_stage_has_all_alarms(
    synthesize: Synthesize,
) -> None:
    templates = synthesize(EVERYTHING)
    watched = {
        templates.text(alarm["Dimensions"][0]["Value"])
        for alarm in templates.properties("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "Errors"
    }
    assert watched == {*FUNCTIONS, AUTHORIZER, *OTHERS}


def _source_of(templates: Templates, function: str) -> Resource:
    """The one event source of a function or of its alias."""
    mappings = templates.properties("AWS::Lambda::EventSourceMapping").values()
    (found,) = (m for m in mappings if function in json.dumps(m["FunctionName"]))
    return found


def _readable(resource: str) -> str:
    mappings = (INGEST_MAPPING, HOOKS_MAPPING)
    return next((mapping for mapping in mappings if mapping in resource), resource)


def _grants(templates: Templates, role: str) -> Grants:
    """Every allowed action with its resource, of all policies attached to `role`."""
    granted: Grants = set()
    for statement in _statements(templates, role):
        assert statement["Effect"] == "Allow"
        granted |= {
            (action, _readable(templates.text(resource)))
            for action in _as_list(statement["Action"])
            for resource in _as_list(statement["Resource"])
        }
    return granted


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(templates: Templates, role: str) -> list[Resource]:
    """Of all policies attached to `role`; what a role's own has no room for, CDK puts into another
    kind of policy: a role's own may have 10,240 characters."""
    return [
        statement
        for kind in ("Policy", "ManagedPolicy")
        for policy in templates.properties(f"AWS::IAM::{kind}", "Service").values()
        if role in {templates.text(name) for name in policy["Roles"]}
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_the_streams_feed_the_events_function_rows_that_may_be_told(templates: Templates) -> None:
    mappings = {
        templates.text(found["EventSourceArn"]): found
        for found in templates.properties("AWS::Lambda::EventSourceMapping").values()
        if found["FunctionName"].get("Ref", "").startswith("EventsOutEvents")
    }
    assert set(mappings) == {"Predictions", "Registry", "TrainingJobs", "DatasetTable"}
    for mapping in mappings.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["FilterCriteria"]["Filters"]
        destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert templates.text(destination) == "ModelWatchDeadLetters"


def test_webhooks_are_taken_from_their_queue_only_while_there_are_some(
    templates: Templates,
) -> None:
    """Polling an empty queue is billed; the API switches it on."""
    mapping = _source_of(templates, "ListeningHooks")
    assert mapping["Enabled"] is False
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = templates.properties("AWS::SQS::Queue")["ListeningQueue"]
    dead_letters = queue["RedrivePolicy"]["deadLetterTargetArn"]
    assert templates.text(dead_letters) == "ListeningDeadLetters"


def test_only_rules_of_the_bus_may_send_to_hooks(templates: Templates) -> None:
    policies = {
        **templates.properties("AWS::SQS::QueuePolicy", "Service"),
        **templates.properties("AWS::SNS::TopicPolicy", "Service"),
    }
    found = [
        statement
        for policy in policies.values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == "HooksSend"
    ]
    assert len(found) == 3
    for statement in found:
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        source = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        assert templates.text(source) == HOOK_RULES


def test_the_alarms_of_this_stage_alone_are_heard(templates: Templates) -> None:
    (rule,) = (
        found
        for found in templates.properties("AWS::Events::Rule", "Service").values()
        if "EventPattern" in found and "aws.cloudwatch" in found["EventPattern"]["source"]
    )
    (start,) = rule["EventPattern"]["detail"]["alarmName"]
    assert start == {"prefix": f"VisionFlow-{templates.stage.title}-"}
    assert "EventBusName" not in rule, "CloudWatch tells the default bus"
