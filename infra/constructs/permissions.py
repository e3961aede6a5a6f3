"""How a role is allowed to do something."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

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
            text = _text(Stack.of(role).resolve(arn))
            if "*" in text:
                acknowledge(role, f"AwsSolutions-IAM5[Resource::{text}]", reason=reason)


def _text(arn: Any) -> str:
    """An ARN as cdk-nag writes it into its findings."""
    if isinstance(arn, str):
        return arn
    parts = arn["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part.get('Ref')}>" for part in parts)
