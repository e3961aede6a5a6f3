"""What to do about the reasons for which CloudFormation fails to deploy a stage."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.account.doctor.page import SUPPORT
from infra.cli.account.kept import stacks

# A part of AWS's sentence, and what follows from it.
REMEDIES = {
    "must be verified before you can add new CloudFront": "AWS has not verified this account for "
    f"CloudFront yet. Ask for it under 'Account and billing', which is free: {SUPPORT}, with the "
    "sentence above; then deploy again.",
    "UnreservedConcurrentExecution below": "the account may run too few functions at once: "
    "'visionflow doctor' has the command that asks for more.",
    "already associated with another user pool": "an earlier deployment has the address of the "
    "sign-in pages: 'visionflow doctor' has the command that frees it.",
    "already exists": "something of that name is there already, mostly of an earlier deployment; "
    "see the checks 'stacks' and 'kept data' of 'visionflow doctor'.",
    "is not authorized to perform": "the role cdk-hnb659fds-cfn-exec-role of the bootstrap lacks a "
    "right: run 'visionflow bootstrap' again as an administrator.",
    "OptInRequired": "a service is not open to this account yet: complete its sign-up (card and "
    "phone) at https://console.aws.amazon.com/billing.",
}
_CANCELLED = "cancelled"


def causes_of(client: Any, prefix: str, since: datetime) -> tuple[str, ...]:
    """Sentences about what failed in the stacks that begin with ``prefix``, with a remedy where one
    is known; none where CloudFormation is not to be reached."""
    try:
        events = [*_failures(client, prefix, since)]
    except (BotoCoreError, ClientError):
        return ()
    lines: list[str] = []
    for name, reason in dict.fromkeys(events):
        lines.append(f"{name}: {reason}")
        lines += [f"To do: {todo}" for part, todo in REMEDIES.items() if part in reason]
    return tuple(lines)


def _failures(client: Any, prefix: str, since: datetime) -> Iterator[tuple[str, str]]:
    for stack in stacks(client):
        if not stack.startswith(prefix):
            continue
        found = client.describe_stack_events(StackName=stack)["StackEvents"]
        for event in reversed(found):
            reason = event.get("ResourceStatusReason", "")
            failed = event["ResourceStatus"].endswith("_FAILED")
            # What CloudFormation gave up because something else failed says nothing.
            if failed and event["Timestamp"] >= since and _CANCELLED not in reason.lower():
                yield f"{stack}/{event['LogicalResourceId']}", reason
