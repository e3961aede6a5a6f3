"""What a stage keeps can be taken back by CloudFormation, and its template asks of the account what
`visionflow doctor` looks for."""

import json

from infra.cli.account.adoption import planned
from infra.cli.account.doctor import bootstrap
from infra.cli.account.kept import BUCKET, STACKS, TABLE, Kept
from infra.stages import DEV, PROD
from tests.infra.conftest import Synthesize, Templates

RETAINED = ("Retain", "RetainExceptOnCreate")


def kept_by(templates: Templates, name: str) -> dict[str, str]:
    """Logical ids and types of what a stack leaves behind."""
    return {
        logical_id: resource["Type"]
        for logical_id, resource in templates.stacks[name]["Resources"].items()
        if resource.get("DeletionPolicy") in RETAINED
    }


def left_of(stack: str, kept: dict[str, str]) -> list[Kept]:
    """As CloudFormation names them."""
    ends = {BUCKET: "k3xr0pq", TABLE: "1A2B3C4D"}
    names = {
        logical_id: f"{stack}-{logical_id}-{ends.get(kind)}" for logical_id, kind in kept.items()
    }
    return [
        Kept(stack, kind, names[one].lower() if kind == BUCKET else names[one])
        for one, kind in kept.items()
    ]


def test_all_that_production_keeps_can_be_taken_back(synthesize: Synthesize) -> None:
    templates = synthesize(PROD)
    for name in STACKS:
        stack, kept = f"VisionFlow-Prod-{name}", kept_by(templates, name)
        assert kept
        plan = planned(stack, templates.stacks[name], left_of(stack, kept))
        assert {one["LogicalResourceId"] for one in plan.resources} == set(kept)
        assert plan.left == ()
        # Whatever it refers to is in it.
        text = json.dumps(plan.template)
        assert "Fn::ImportValue" not in text
        for logical_id in templates.stacks[name]["Resources"]:
            assert (f'"Ref": "{logical_id}"' in text) <= (logical_id in kept)
            assert (f'"{logical_id}", "Arn"' in text) <= (logical_id in kept)


def test_nothing_else_that_production_keeps_holds_data(synthesize: Synthesize) -> None:
    """The page's own bucket is filled anew."""
    templates = synthesize(PROD)
    others = {name: kept_by(templates, name) for name in templates.stacks if name not in STACKS}
    assert {name: set(kept.values()) for name, kept in others.items() if kept} == {
        "Dashboard": {BUCKET}
    }


def test_a_stage_that_keeps_nothing_leaves_nothing(synthesize: Synthesize) -> None:
    templates = synthesize(DEV)
    assert all(kept_by(templates, name) == {} for name in templates.stacks)


def test_the_oldest_bootstrap_is_the_one_that_the_templates_ask_for(
    synthesize: Synthesize,
) -> None:
    artifacts = json.loads((synthesize(PROD).folder / "manifest.json").read_text())["artifacts"]
    asked = {
        artifact["properties"]["requiresBootstrapStackVersion"]
        for artifact in artifacts.values()
        if "requiresBootstrapStackVersion" in artifact.get("properties", {})
    }
    assert max(asked) == bootstrap.OLDEST
    parameter = synthesize(PROD).stacks["Data"]["Parameters"]["BootstrapVersion"]["Default"]
    assert parameter == bootstrap.PARAMETER
