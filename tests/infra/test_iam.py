"""Every policy of every stage: a wildcard needs a reason, stated on the very resource."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam

from infra.nag import acknowledge, check_at_synth
from tests.infra.conftest import Templates

RULE = re.compile(r"AwsSolutions-IAM5\[(Action|Resource)::(.*)\]$", re.DOTALL)
# In a key's policy "*" is the key, and `kms:*` is how the account's own roles are let in at all.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
KEY = "AWS::KMS::Key"
OF_A_KEY = {("Action", "kms:*"), ("Resource", "*")}


@dataclass(frozen=True)
class Statement:
    """An allowing statement and the path of the construct that carries it."""

    path: str
    kind: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    attached_to: str

    def wildcards(self) -> set[tuple[str, str]]:
        """Those that reach beyond the resource that the policy is attached to."""
        found = {("Action", action) for action in self.actions if "*" in action}
        found |= {
            ("Resource", resource)
            for resource in self.resources
            if "*" in resource and not (self.attached_to and resource.startswith(self.attached_to))
        }
        return found - OF_A_KEY if self.kind == KEY else found


def statements(folder: Path) -> Iterator[Statement]:
    """Of all policies in the templates of a synthesis, whatever they are attached to."""
    for file in folder.glob("*.template.json"):
        metadata = file.with_name(file.name.replace(".template.", ".metadata."))
        paths = {
            entry["data"]: path.strip("/")
            for path, entries in json.loads(metadata.read_text()).items()
            for entry in entries
            if entry["type"] == "aws:cdk:logicalId"
        }
        for name, resource in json.loads(file.read_text())["Resources"].items():
            path = paths[name]
            for document in _documents(resource.get("Properties", {})):
                for found in _as_list(document["Statement"]):
                    if found["Effect"] != "Allow":
                        continue
                    yield Statement(
                        path,
                        resource["Type"],
                        tuple(map(_text, _as_list(found.get("Action", found.get("NotAction"))))),
                        tuple(map(_text, _as_list(found.get("Resource", "")))),
                        _own_objects(resource),
                    )


def _own_objects(resource: dict[str, Any]) -> str:
    """What the ARNs of a bucket's own objects begin with, for the policy of a bucket."""
    if resource["Type"] != "AWS::S3::BucketPolicy":
        return ""
    return f"<{resource['Properties']['Bucket']['Ref']}.Arn>/"


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    """Whatever looks like a policy, at any depth."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for item in value.values():
            yield from _documents(item)
    if isinstance(value, list):
        for item in value:
            yield from _documents(item)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """With references as cdk-nag writes them into a finding: in angle brackets, or by export."""
    match value:
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(_text, parts))
        case {"Fn::ImportValue": str(text)} | {"Fn::Sub": str(text)} | str(text):
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", text)
    return json.dumps(value)


def reasons(folder: Path) -> dict[str, dict[str, str]]:
    """Accepted findings with their reasons, by the path of the construct that accepts them."""
    found: dict[str, dict[str, str]] = {}
    for file in folder.glob("*.metadata.json"):
        for path, entries in json.loads(file.read_text()).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    found.setdefault(path.strip("/"), {}).update(entry["data"])
    return found


def unexplained(folder: Path) -> list[str]:
    """Every wildcard whose construct, or one around it below the stack, states no reason."""
    accepted = reasons(folder)
    problems = []
    for statement in statements(folder):
        for kind, value in statement.wildcards():
            if not _is_explained(statement, kind, value, accepted):
                problems.append(f"{statement.path}: {kind} {value}")
    return sorted(set(problems))


def _is_explained(
    statement: Statement, kind: str, value: str, accepted: dict[str, dict[str, str]]
) -> bool:
    parts = statement.path.split("/")
    for length in range(2, len(parts) + 1):  # a reason on a whole stack counts for nothing
        for rule, reason in accepted.get("/".join(parts[:length]), {}).items():
            found = RULE.search(_text(rule))
            if found and found.groups() == (kind, value) and len(reason.split()) >= 4:
                return True
    return False


def test_no_policy_has_a_wildcard_without_a_reason(templates: Templates) -> None:
    found = list(statements(templates.folder))
    assert len(found) > 20
    assert {"AWS::IAM::Policy", "AWS::SQS::QueuePolicy"} <= {s.kind for s in found}
    assert unexplained(templates.folder) == []


def example(folder: Path, *, reason: str | None, on_stack: bool = False) -> Path:
    """A stack with one wildcard action, synthesized without cdk-nag's veto."""
    app = App(outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = Stack(app, "Example")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:Get*"], resources=["arn:aws:s3:::images"]))
    if reason is not None:
        where = stack if on_stack else role
        acknowledge(where, "AwsSolutions-IAM5[Action::s3:Get*]", reason=reason)
    app.synth()
    return folder


def test_a_wildcard_without_a_reason_is_found(tmp_path: Path) -> None:
    (problem,) = unexplained(example(tmp_path, reason=None))
    assert problem.endswith("Action s3:Get*")


def test_a_reason_on_the_resource_explains_it(tmp_path: Path) -> None:
    assert unexplained(example(tmp_path, reason="Reads every version of an image.")) == []


@pytest.mark.parametrize(("reason", "on_stack"), [("needed", False), ("For all of it here.", True)])
def test_a_word_or_a_reason_for_a_whole_stack_explains_nothing(
    tmp_path: Path, reason: str, on_stack: bool
) -> None:
    assert len(unexplained(example(tmp_path, reason=reason, on_stack=on_stack))) == 1


def test_cdk_nag_vetoes_the_same_wildcard(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = Stack(app, "Example")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:*"], resources=["arn:aws:s3:::images"]))
    check_at_synth(app)
    with pytest.raises(RuntimeError, match="IAM5"):
        app.synth()
