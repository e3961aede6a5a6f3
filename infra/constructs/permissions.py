"""How a role is allowed to do something."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from infra.nag import acknowledge


def allow(
    role: iam.Role,
    *actions: str,
    on: Sequence[str],
    reason: str | None = None,
    conditions: dict[str, dict[str, str | list[str]]] | None = None,
) -> None:
    """One statement; `reason` is why a wildcard in it is as narrow as it can be."""
    role.add_to_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(on), conditions=conditions or {})
    )
    if reason is not None:
        for arn in on:
            text = as_found(role, arn)
            if "*" in text:
                acknowledge(role, f"AwsSolutions-IAM5[Resource::{text}]", reason=reason)


def as_found(scope: IConstruct, arn: str) -> str:
    """An ARN as cdk-nag writes it into its findings."""
    resolved: Any = Stack.of(scope).resolve(arn)
    if isinstance(resolved, str):
        return resolved
    return "".join(_part(part) for part in resolved["Fn::Join"][1])


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    return f"<{part['Ref'] if 'Ref' in part else '.'.join(part['Fn::GetAtt'])}>"
