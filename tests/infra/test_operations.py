"""Alarms and their topic, the CloudWatch dashboard, and how functions start."""

import json
from typing import Any, get_args

import pytest

from infra.stages import DEV, MORE_ALARMS
from lambdas.telemetry.measurements import (
    AGREED_METRIC,
    COMPARED_METRIC,
    reason_metric,
    status_metric,
    step_metric,
    steps_of,
)
from tests.infra.conftest import EVERYTHING, Resource, Synthesize, Templates
from visionflow.answers.answer import UnknownReason

ALARM = "AWS::CloudWatch::Alarm"
TOPIC = "AlarmsTopic"
CLASSIFYING = ("Predict", "Ingest")
# What AWS gives an account for nothing: https://aws.amazon.com/cloudwatch/pricing/
FREE_ALARMS = 10
FREE_METRICS_OF_A_DASHBOARD = 50


def test_every_alarm_notifies_the_topic(templates: Templates) -> None:
    alarms = templates.properties(ALARM)
    for name, alarm in alarms.items():
        assert [templates.text(action) for action in alarm["AlarmActions"]] == [TOPIC], name
        assert alarm["AlarmDescription"]


def test_the_default_alarms_are_those_that_cost_nothing(
    templates: Templates, synthesize: Synthesize
) -> None:
    assert _billed(templates) == FREE_ALARMS
    assert _billed(synthesize(EVERYTHING)) == FREE_ALARMS + MORE_ALARMS


def test_disagreement_with_devices_rings_where_the_stage_has_all_alarms(
    templates: Templates, synthesize: Synthesize
) -> None:
    assert not _calculated(templates)
    (alarm,) = _calculated(synthesize(EVERYTHING))
    whole = {m["Id"]: m["MetricStat"] for m in alarm["Metrics"] if "MetricStat" in m}
    (rule,) = (m["Expression"] for m in alarm["Metrics"] if "Expression" in m)
    assert rule == "IF(compared >= 50, 100 - 100 * agreed / compared, 0)"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (3, "GreaterThanThreshold")
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    for name, metric in (("compared", COMPARED_METRIC), ("agreed", AGREED_METRIC)):
        assert (whole[name]["Period"], whole[name]["Stat"]) == (86_400, "Sum")
        assert whole[name]["Metric"]["MetricName"] == metric
        assert whole[name]["Metric"]["Dimensions"] == [{"Name": "service", "Value": "predict"}]


def test_no_stage_pays_while_idle(on_aws: Templates) -> None:
    """Keys and snapshots are the options that would; nor does anything run by the hour."""
    stage = on_aws.stage
    assert not (stage.alarm_key or stage.snap_start or stage.all_alarms)
    by_the_hour = (
        *("AWS::KMS::Key", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Instance"),
        *("AWS::WAFv2::WebACL", "AWS::SecretsManager::Secret", "AWS::EC2::FlowLog"),
    )
    assert not on_aws.kinds() & set(by_the_hour)
    for endpoint in on_aws.properties("AWS::EC2::VPCEndpoint").values():
        assert endpoint["VpcEndpointType"] == "Gateway"
    for function in on_aws.properties("AWS::Lambda::Function").values():
        assert "SnapStart" not in function
    for table in on_aws.properties("AWS::DynamoDB::Table").values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_what_can_go_wrong_rings(templates: Templates) -> None:
    alarms = list(templates.properties(ALARM).values())

    def watched(metric: str, dimension: str, value: str) -> list[Resource]:
        return [
            alarm
            for alarm in alarms
            if alarm.get("MetricName") == metric
            and any(
                d["Name"] == dimension and templates.text(d["Value"]) == value
                for d in alarm["Dimensions"]
            )
        ]

    assert watched("Errors", "FunctionName", "Jobs")
    assert watched("ApproximateAgeOfOldestMessage", "QueueName", "ImageQueue")
    (dead,) = watched("ApproximateNumberOfMessagesVisible", "QueueName", "ImageQueueDeadLetters")
    assert dead["Threshold"] == 0
    (slow,) = watched("Duration", "FunctionName", "Predict")
    assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p95", 3000)
    assert slow["EvaluationPeriods"] == 3
    assert watched("5xx", "ApiId", "HttpApi")


def test_the_topic_takes_alarms_of_this_account_over_tls(on_aws: Templates) -> None:
    (policy,) = (
        policy["PolicyDocument"]["Statement"]
        for policy in on_aws.properties("AWS::SNS::TopicPolicy").values()
        if TOPIC in {on_aws.text(topic) for topic in policy["Topics"]}
    )
    by_sid = {statement["Sid"]: statement for statement in policy}
    plain = by_sid["AllowPublishThroughSSLOnly"]
    assert plain["Effect"] == "Deny"
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    alarms = by_sid["AlarmsPublish"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert on_aws.text(alarms["Condition"]["StringEquals"]["aws:SourceAccount"]) == "AWS::AccountId"


def test_alarms_are_encrypted_by_a_key_of_the_account_where_the_stage_says_so(
    synthesize: Synthesize,
) -> None:
    prod, dev = synthesize(EVERYTHING), synthesize(DEV)
    topic = prod.properties("AWS::SNS::Topic", "Data")[TOPIC]
    assert prod.text(topic["KmsMasterKeyId"]) == "AlarmsKey"
    key = prod.properties("AWS::KMS::Key", "Data")["AlarmsKey"]
    assert key["EnableKeyRotation"] is True
    (statement,) = (s for s in key["KeyPolicy"]["Statement"] if s.get("Sid") == "AlarmsEncrypt")
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    assert "KmsMasterKeyId" not in dev.properties("AWS::SNS::Topic", "Data")[TOPIC]


def test_an_address_in_the_stage_hears_the_alarms_and_the_budget(synthesize: Synthesize) -> None:
    without, with_address = (
        {
            templates.text(s["TopicArn"]): s["Endpoint"]
            for s in templates.properties("AWS::SNS::Subscription").values()
            if s["Protocol"] == "email"
        }
        for templates in map(synthesize, (DEV, EVERYTHING))
    )
    assert without == {}
    assert with_address == dict.fromkeys((TOPIC, "BudgetTopic"), EVERYTHING.alarm_email)


def test_the_dashboard_shows_what_is_measured(templates: Templates) -> None:
    shown = _shown_metrics(templates)
    for service in ("predict", "ingest"):
        statuses = (status_metric("ok"), status_metric("failed"))
        reasons = map(reason_metric, get_args(UnknownReason))
        for metric in (*statuses, *reasons, *map(step_metric, steps_of(service))):
            assert ("VisionFlow", metric, service) in shown
    names = {(namespace, metric) for namespace, metric, _ in shown}
    assert names >= {
        ("AWS/ApiGateway", "Count"),
        ("AWS/ApiGateway", "5xx"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/Lambda", "Duration"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    }


def test_the_dashboard_shows_percentiles_costs_and_versions(templates: Templates) -> None:
    widgets = {w["properties"]["title"]: w["properties"] for w in _widgets(templates)}
    durations = widgets["Duration of an invocation in ms"]["metrics"]
    assert {metric[-1]["stat"] for metric in durations} == {"p50", "p95", "p99"}
    (cost,) = (properties for title, properties in widgets.items() if title.startswith("Cost of"))
    expressions = [m[0]["expression"] for m in cost["metrics"] if "expression" in m[0]]
    assert (
        "predict_ms / 1000 * 1.72754 * 0.0000166667 + predict_calls * 0.0000002000" in expressions
    )
    assert "by code, service" in widgets["Failures and refusals by code"]["query"]
    query = widgets["Predictions by model version"]["query"]
    assert "by model, status, unknown_reason" in query
    assert "PredictLogs" in query


def test_the_dashboard_has_no_more_metrics_than_are_free(templates: Templates) -> None:
    rows = [
        metric
        for widget in _widgets(templates)
        for metric in widget["properties"].get("metrics", ())
        if isinstance(metric[0], str)
    ]
    assert 0 < len(rows) <= FREE_METRICS_OF_A_DASHBOARD


@pytest.mark.parametrize("function", CLASSIFYING)
def test_a_published_version_is_invoked_by_its_alias(templates: Templates, function: str) -> None:
    aliases = templates.properties("AWS::Lambda::Alias")
    alias = aliases[f"{function}Aliaslive"]
    assert alias["Name"] == "live"
    assert templates.text(alias["FunctionName"]) == function
    version = alias["FunctionVersion"]["Fn::GetAtt"][0]
    assert templates.stacks["Service"]["Resources"][version]["Type"] == "AWS::Lambda::Version"


def test_nothing_invokes_the_latest_code_of_a_classifying_function(templates: Templates) -> None:
    resources = templates.stacks["Service"]["Resources"].values()
    entries = [
        r["Properties"]
        for r in resources
        if r["Type"] in ("AWS::ApiGatewayV2::Integration", "AWS::Lambda::EventSourceMapping")
    ]
    text = json.dumps(entries)
    assert "PredictAliaslive" in text
    assert "IngestAliaslive" in text
    functions = [k for k in templates.stacks["Service"]["Resources"] if _is_function(k)]
    assert len(functions) == 2
    for function in functions:
        assert f'"{function}"' not in text


def test_a_snapshot_is_taken_where_the_stage_says_so(synthesize: Synthesize) -> None:
    functions = synthesize(EVERYTHING).properties("AWS::Lambda::Function", "Service")
    frozen = {name for name, function in functions.items() if "SnapStart" in function}
    assert frozen == set(CLASSIFYING)
    for name in frozen:
        assert functions[name]["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def _calculated(templates: Templates) -> list[Resource]:
    return [alarm for alarm in templates.properties(ALARM).values() if "Metrics" in alarm]


def _billed(templates: Templates) -> int:
    """Metrics that have an alarm: a calculated one is made of several."""
    return sum(
        sum("MetricStat" in metric for metric in alarm.get("Metrics", ())) or 1
        for alarm in templates.properties(ALARM).values()
    )


def _is_function(logical_id: str) -> bool:
    return logical_id[:-8] in CLASSIFYING


def _widgets(templates: Templates) -> list[Any]:
    (dashboard,) = templates.properties("AWS::CloudWatch::Dashboard").values()
    widgets: list[Any] = json.loads(templates.text(dashboard["DashboardBody"]))["widgets"]
    return widgets


def _shown_metrics(templates: Templates) -> set[tuple[str, str, str]]:
    """Namespace, name and the first dimension's value of every metric on the dashboard."""
    return {
        (metric[0], metric[1], metric[3])
        for widget in _widgets(templates)
        for metric in widget["properties"].get("metrics", ())
        if isinstance(metric[0], str)
    }
