"""The functions: what they may do, how they are bounded and watched."""

import pytest

from lambdas.api.settings import ApiSettings
from lambdas.ingest.settings import IngestSettings
from lambdas.predict.settings import PredictSettings
from tests.infra.conftest import Templates
from visionflow.settings import EnvSettings

FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = ("Predict", "Ingest", "Api")

Grants = set[tuple[str, str]]

FIND_MODEL: Grants = {
    ("s3:GetObject", "Models/*"),
    ("s3:ListBucket", "Models"),
    ("dynamodb:GetItem", "Registry"),
    ("dynamodb:Query", "Registry"),
}
RECORD: Grants = {("dynamodb:PutItem", "Predictions"), ("dynamodb:GetItem", "Predictions")}
GRANTS: dict[str, Grants] = {
    "Predict": {
        *FIND_MODEL,
        *RECORD,
        ("s3:PutObject", "Images/api/*"),
        ("s3:PutObject", "Images/thumbnails/*"),
    },
    "Ingest": {
        *FIND_MODEL,
        *RECORD,
        ("s3:GetObject", "Images/uploads/*"),
        ("s3:GetObjectVersion", "Images/uploads/*"),
        ("s3:ListBucket", "Images"),
        ("s3:PutObject", "Images/thumbnails/*"),
        ("sqs:ReceiveMessage", "ImageQueue"),
        ("sqs:DeleteMessage", "ImageQueue"),
        ("sqs:ChangeMessageVisibility", "ImageQueue"),
        ("sqs:GetQueueAttributes", "ImageQueue"),
        ("sqs:GetQueueUrl", "ImageQueue"),
    },
    "Api": {
        *FIND_MODEL,
        ("s3:GetObject", "Images/*"),
        ("s3:PutObject", "Images/uploads/posted/*"),
        ("s3:GetObjectVersion", "Images/*"),
        ("dynamodb:GetItem", "Predictions"),
        ("dynamodb:Query", "Predictions/index/by_time"),
        ("dynamodb:Query", "Predictions/index/by_label"),
        ("dynamodb:Query", "Predictions/index/by_model"),
        ("dynamodb:Query", "Predictions/index/by_status"),
    },
}
TRACE: Grants = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_does_and_nothing_else(
    templates: Templates, function: str
) -> None:
    logs = {(f"logs:{action}", f"{function}Logs") for action in ("CreateLogStream", "PutLogEvents")}
    traces = TRACE if templates.stage.tracing else set()
    assert _grants(templates, f"{function}Role") == GRANTS[function] | logs | traces


def test_no_function_has_a_managed_policy(templates: Templates) -> None:
    roles = templates.properties("AWS::IAM::Role", "Service")
    assert set(roles) == {f"{function}Role" for function in FUNCTIONS}
    for role in roles.values():
        assert "ManagedPolicyArns" not in role
        assert "Policies" not in role


@pytest.mark.parametrize(
    ("function", "settings"),
    [("Predict", PredictSettings), ("Ingest", IngestSettings), ("Api", ApiSettings)],
)
def test_a_function_can_read_its_environment(
    templates: Templates, function: str, settings: type[EnvSettings]
) -> None:
    variables = templates.properties(FUNCTION)[function]["Environment"]["Variables"]
    environment = {name: templates.text(value) for name, value in variables.items()}
    read = settings.from_env(environment)
    assert read.to_env().items() <= environment.items()
    assert environment["VISIONFLOW_IMAGES_BUCKET"] == "Images"
    assert environment["VISIONFLOW_MODELS_BUCKET"] == "Models"
    assert environment["VISIONFLOW_PREDICTIONS_TABLE"] == "Predictions"
    assert environment["VISIONFLOW_REGISTRY_TABLE"] == "Registry"


def test_every_function_is_made_the_same_way(templates: Templates) -> None:
    functions = templates.properties(FUNCTION, "Service")
    assert set(functions) == set(FUNCTIONS)
    for name, function in functions.items():
        assert function["Runtime"] == "python3.13"
        assert function["Handler"] == f"lambdas.{name.lower()}.handler.lambda_handler"
        assert [templates.text(layer) for layer in function["Layers"]] == [
            "CommonLayer",
            "RuntimeLayer",
        ]
        assert function["TracingConfig" if templates.stage.tracing else "LoggingConfig"]
        assert templates.text(function["LoggingConfig"]["LogGroup"]) == f"{name}Logs"


def test_every_log_is_forgotten_in_time(templates: Templates) -> None:
    groups = templates.properties("AWS::Logs::LogGroup")
    days = {name: group.get("RetentionInDays") for name, group in groups.items()}
    assert set(days.values()) == {templates.stage.log_retention_days}


def test_concurrency_is_bounded_as_the_stage_says(templates: Templates) -> None:
    functions = templates.properties(FUNCTION, "Service")
    reserved = templates.stage.reserved_concurrency
    assert functions["Predict"].get("ReservedConcurrentExecutions") == reserved.predict
    assert functions["Ingest"].get("ReservedConcurrentExecutions") == reserved.ingest
    assert functions["Api"].get("ReservedConcurrentExecutions") == reserved.api


def test_the_queue_feeds_ingest_and_takes_back_single_items(templates: Templates) -> None:
    (mapping,) = templates.properties("AWS::Lambda::EventSourceMapping").values()
    assert templates.text(mapping["EventSourceArn"]) == "ImageQueue"
    assert templates.text(mapping["FunctionName"]) == "Ingest"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    limit = mapping["ScalingConfig"]["MaximumConcurrency"]
    assert limit == templates.stage.ingest_max_concurrency
    reserved = templates.stage.reserved_concurrency.ingest
    assert reserved is None or limit <= reserved, "the queue would outrun the function and throttle"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_error_in_a_function_raises_an_alarm(templates: Templates, function: str) -> None:
    alarms = templates.properties("AWS::CloudWatch::Alarm", "Service").values()
    assert any(
        alarm["MetricName"] == "Errors"
        and templates.text(alarm["Dimensions"][0]["Value"]) == function
        for alarm in alarms
    )


def _grants(templates: Templates, role: str) -> Grants:
    """Every allowed action with its resource, of all policies attached to `role`."""
    granted: Grants = set()
    for policy in templates.properties("AWS::IAM::Policy", "Service").values():
        if role not in {templates.text(name) for name in policy["Roles"]}:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            actions, resources = statement["Action"], statement["Resource"]
            granted |= {
                (action, templates.text(resource))
                for action in ([actions] if isinstance(actions, str) else actions)
                for resource in (resources if isinstance(resources, list) else [resources])
            }
    return granted
