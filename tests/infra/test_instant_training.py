"""The state machine of instant trainings: what it may do, and what it is made of."""

import json
from typing import Any

from infra.constructs.instant_training.machine import MAP
from tests.infra.conftest import Templates

MACHINE = "AWS::StepFunctions::StateMachine"


def definition(templates: Templates) -> Any:
    (found,) = (
        properties
        for name, properties in templates.properties(MACHINE, "Training").items()
        if name.startswith("InstantTraining")
    )
    return json.loads(found["DefinitionString"]), found["DefinitionSubstitutions"]


def statements(templates: Templates, policy: str) -> dict[str, set[str]]:
    """Actions of the policies whose name begins with ``policy``, with their resources."""
    found: dict[str, set[str]] = {}
    for name, properties in templates.properties("AWS::IAM::Policy", "Training").items():
        if not name.startswith(policy):
            continue
        for statement in properties["PolicyDocument"]["Statement"]:
            actions, resources = statement["Action"], statement["Resource"]
            for action in actions if isinstance(actions, list) else [actions]:
                every = resources if isinstance(resources, list) else [resources]
                found.setdefault(action, set()).update(map(templates.text, every))
    return found


def test_every_name_of_the_definition_is_given(templates: Templates) -> None:
    states, given = definition(templates)
    text = json.dumps(states)
    assert set(given) == {"InstantFunction", "EmbedFunction", "DatasetsBucket", "Partition"}
    assert all(f"${{{name}}}" in text for name in given)
    assert states["States"]["Embed"]["Label"] == MAP


def test_the_map_runs_as_many_executions_as_the_stage_lets_images_drive(
    templates: Templates,
) -> None:
    states, _ = definition(templates)
    assert states["States"]["Embed"]["MaxConcurrency"] == templates.stage.ingest_max_concurrency


def test_every_task_is_tried_again_and_leads_to_the_end_of_its_run(templates: Templates) -> None:
    states, _ = definition(templates)
    for name, state in states["States"].items():
        if state["Type"] not in ("Task", "Map"):
            continue
        assert state["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
        if name != "Fail":
            assert [catch["Next"] for catch in state["Catch"]] == ["Fail"]


def test_the_machine_may_call_its_functions_and_map_itself_alone(on_aws: Templates) -> None:
    allowed = statements(on_aws, "InstantTraining")
    machine = "InstantTrainingStateMachine"
    assert allowed["lambda:InvokeFunction"] == {"Embed", "Instant"}
    assert allowed["states:StartExecution"] == {machine}
    (children,) = allowed["states:DescribeExecution"]
    assert children.endswith(f":execution:{machine}/{MAP}:*")
    assert allowed["s3:GetObject"] == {"Datasets/runs/*"}


def test_each_function_touches_what_it_needs(on_aws: Templates) -> None:
    embed, instant = statements(on_aws, "EmbedRole"), statements(on_aws, "InstantRole")
    assert embed["s3:GetObject"] == {"Datasets/content/*"}
    assert "s3:PutObject" not in embed
    assert instant["s3:PutObject"] == {"Datasets/versions/*", "Datasets/runs/*", "Models/models/*"}
    assert instant["sqs:SendMessage"] == {"CurationQueue"}
    # Of an image that was erased while it was looked at.
    others = {*embed, *instant} - {"dynamodb:DeleteItem"}
    assert not {action for action in others if "Delete" in action or "*" in action}


def test_an_execution_that_is_ended_from_outside_calls_the_function(templates: Templates) -> None:
    rules = {
        name: rule
        for name, rule in templates.properties("AWS::Events::Rule", "Training").items()
        if name.startswith("InstantTraining")
    }
    (rule,) = rules.values()
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert [templates.text(target["Arn"]) for target in rule["Targets"]] == ["Instant"]
