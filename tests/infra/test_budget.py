"""The monthly budget: who notifies whom, and at what."""

import json

from tests.infra.conftest import Templates

TOPIC = "BudgetTopic"


def test_aws_budgets_notifies_the_topic_at_what_the_stage_says(on_aws: Templates) -> None:
    (budget,) = on_aws.properties("AWS::Budgets::Budget").values()
    data = budget["Budget"]
    assert (data["BudgetType"], data["TimeUnit"]) == ("COST", "MONTHLY")
    limit = on_aws.stage.limits.worst_case_usd
    assert data["BudgetLimit"] == {"Amount": limit, "Unit": "USD"}
    # A tag that nobody has activated would hide all costs.
    assert "CostFilters" not in data
    (notification,) = budget["NotificationsWithSubscribers"]
    assert notification["Notification"] == {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 100,
        "ThresholdType": "PERCENTAGE",
    }
    (subscriber,) = notification["Subscribers"]
    assert subscriber["SubscriptionType"] == "SNS"
    assert on_aws.text(subscriber["Address"]) == TOPIC


def test_only_aws_budgets_of_this_account_publishes_by_policy(on_aws: Templates) -> None:
    policies = on_aws.properties("AWS::SNS::TopicPolicy").values()
    (policy,) = (p for p in policies if TOPIC in {on_aws.text(t) for t in p["Topics"]})
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    (statement,) = allowed
    assert statement["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert set(statement["Condition"]) == {"StringEquals", "ArnLike"}


def test_the_function_hears_the_topic_and_the_month(templates: Templates) -> None:
    (subscription,) = (
        s
        for s in templates.properties("AWS::SNS::Subscription").values()
        if s["Protocol"] == "lambda"
    )
    assert templates.text(subscription["TopicArn"]) == TOPIC
    assert templates.text(subscription["Endpoint"]) == "Budget"
    rules = templates.properties("AWS::Events::Rule", "Service").values()
    (rule,) = (r for r in rules if "ScheduleExpression" in r)
    assert rule["ScheduleExpression"] == "cron(0 0 1 * ? *)"
    assert "Budget" in json.dumps(rule["Targets"])


def test_an_emulator_has_no_budget(local: Templates) -> None:
    assert "AWS::Budgets::Budget" not in local.kinds()


def test_waiting_images_are_kept_longer_than_a_week(templates: Templates) -> None:
    queue = templates.properties("AWS::SQS::Queue")["ImageQueue"]
    assert queue["MessageRetentionPeriod"] == 12 * 86_400
