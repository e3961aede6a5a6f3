"""Backfills: what the functions and the machine may do, and the table of their results."""

import json
from typing import Any

import pytest

from infra.constructs.backfill.machine import MAP
from infra.constructs.backfill.results_table import NAME
from tests.infra.conftest import Templates
from visionflow.backfills.columns import COLUMNS, PARTITION

STACK = "Backfill"
ROLES = "arn:AWS::Partition:iam::*:role/VisionFlowRead*"
OWN = {
    (f"s3:{action}", f"Images/{prefix}/*")
    for action in ("GetObject", "GetObjectVersion")
    for prefix in ("uploads", "api")
}
GRANTS = {
    "BackfillRole": {
        *OWN,
        *{(f"dynamodb:{action}", "TrainingJobs") for action in ("GetItem", "PutItem", "Query")},
        ("dynamodb:GetItem", "Usage"),
        ("s3:ListBucketVersions", "Images"),
        ("s3:GetObject", "Backfills/sources/*"),
        ("s3:GetObject", "Backfills/planned/*"),
        ("s3:PutObject", "Backfills/planned/*"),
        ("s3:PutObject", "Backfills/backfills/*/comparison.json.gz"),
        ("s3:ListBucket", "Backfills"),
        ("sts:AssumeRole", ROLES),
    },
    "ChunkRole": {
        *OWN,
        *{(f"dynamodb:{action}", "TrainingJobs") for action in ("GetItem", "PutItem", "Query")},
        ("dynamodb:UpdateItem", "TrainingJobs"),
        *{(f"dynamodb:{action}", "Predictions") for action in ("PutItem", "GetItem")},
        ("dynamodb:BatchGetItem", "Predictions"),
        *{(f"dynamodb:{action}", "Usage") for action in ("UpdateItem", "GetItem")},
        ("s3:GetObject", "Models/*"),
        ("s3:ListBucket", "Models"),
        ("s3:ListBucket", "Images"),
        ("s3:ListBucket", "Backfills"),
        ("s3:GetObject", "Backfills/planned/*"),
        ("s3:PutObject", "Backfills/backfills/*"),
        ("s3:GetObject", "Backfills/backfills/*"),
        ("s3:PutObject", "Backfills/planned/parts/*"),
        # The examples of a comparison.
        *{
            (f"s3:{action}", "Images/thumbnails/*")
            for action in ("GetObject", "PutObject", "DeleteObjectVersion")
        },
        ("s3:ListBucketVersions", "Images"),
        ("sts:AssumeRole", ROLES),
    },
    "BackfillLifeRole": {
        ("lambda:InvokeFunction", "Backfill"),
        ("lambda:InvokeFunction", "Chunk"),
        ("s3:GetObject", "Backfills/planned/*"),
        *{
            (f"s3:{action}", "Backfills/planned/maps*")
            for action in (
                *("PutObject", "GetObject"),
                *("ListMultipartUploadParts", "AbortMultipartUpload"),
            )
        },
    },
}


def definition(templates: Templates) -> Any:
    (found,) = templates.properties("AWS::StepFunctions::StateMachine", STACK).values()
    return json.loads(found["DefinitionString"]), found["DefinitionSubstitutions"]


def grants(templates: Templates, policy: str) -> set[tuple[str, str]]:
    (found,) = (
        properties
        for name, properties in templates.properties("AWS::IAM::Policy", STACK).items()
        if name == f"{policy}DefaultPolicy"
    )
    return {
        (action, templates.text(resource))
        for statement in found["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("role", GRANTS)
def test_each_may_do_what_it_does_and_nothing_else(templates: Templates, role: str) -> None:
    found = {
        (action, resource)
        for action, resource in grants(templates, role)
        if not action.startswith(("logs:", "xray:"))
    }
    assert found == GRANTS[role]


def test_every_name_of_the_definition_is_given(templates: Templates) -> None:
    states, given = definition(templates)
    text = json.dumps(states)
    assert set(given) == {"BackfillFunction", "ChunkFunction", "BackfillsBucket", "Partition"}
    assert all(f"${{{name}}}" in text for name in given)
    assert states["States"][MAP]["Label"] == MAP


def test_a_map_runs_as_many_chunks_as_its_backfill_may(templates: Templates) -> None:
    """The emulator knows no path to the number, and would take all at once."""
    found = definition(templates)[0]["States"][MAP]
    if templates.stage.on_aws:
        assert found["MaxConcurrencyPath"] == "$.answer.concurrency"
    else:
        assert found["MaxConcurrency"] == templates.stage.backfill_max_concurrency
    # What children answer may be more than a state's output holds.
    assert found["ResultWriter"]["Parameters"]["Prefix"].startswith("planned/")
    assert found["ResultPath"] is None


def test_every_task_is_tried_again_and_leads_to_the_end(templates: Templates) -> None:
    for name, state in definition(templates)[0]["States"].items():
        if state["Type"] in ("Task", "Map"):
            assert state["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
            assert name == "Fail" or [catch["Next"] for catch in state["Catch"]] == ["Fail"]


def test_athena_finds_results_without_a_crawler(templates: Templates) -> None:
    (table,) = templates.properties("AWS::Glue::Table", STACK).values()
    asked = table["TableInput"]
    columns = {one["Name"]: one["Type"] for one in asked["StorageDescriptor"]["Columns"]}
    assert (asked["Name"], columns) == (NAME, COLUMNS)
    assert [one["Name"] for one in asked["PartitionKeys"]] == [PARTITION]
    assert asked["Parameters"]["projection.enabled"] == "true"
    assert asked["Parameters"][f"projection.{PARTITION}.type"] == "injected"
    template = templates.text(asked["Parameters"]["storage.location.template"])
    assert template == f"s3://Backfills/backfills/${{{PARTITION}}}/results/"
    assert "AWS::Glue::Crawler" not in templates.kinds()


def test_a_chunk_ends_within_an_express_execution(templates: Templates) -> None:
    chunk = templates.properties("AWS::Lambda::Function", STACK)["Chunk"]
    assert chunk["Timeout"] * 2 <= 300
