"""What a removed deployment of ``prod`` has left: buckets, tables and the user pool.

CloudFormation made the names of buckets and tables, `<stack>-<logical id>-<random>`. A user pool is
found by the tag that names its stack, since its own name does not.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

BUCKET, TABLE, USER_POOL = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"
# What people and programs have put there; the bucket of the page is filled anew by each deployment.
STACKS = ("Data", "Service")


@dataclass(frozen=True)
class Kept:
    """A resource without its stack. ``name``: of a user pool, its id."""

    stack: str
    type: str
    name: str


def kept_of(of: Callable[[str], Any], title: str, deployed: Collection[str]) -> tuple[Kept, ...]:
    """Of the stage called ``title`` (`Prod`), for its stacks that are not ``deployed``. ``of``
    makes a client of a service."""
    data, service = (f"VisionFlow-{title}-{name}" for name in STACKS)
    found: list[Kept] = []
    if data not in deployed:
        prefix = f"{data}-"
        buckets = of("s3").list_buckets()["Buckets"]
        tables = [
            name
            for page in of("dynamodb").get_paginator("list_tables").paginate()
            for name in page["TableNames"]
        ]
        found += [Kept(data, BUCKET, b["Name"]) for b in buckets if _is(b["Name"], prefix)]
        found += [Kept(data, TABLE, name) for name in tables if name.startswith(prefix)]
    if service not in deployed:
        tagged = of("resourcegroupstaggingapi").get_resources(
            TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [service]}],
            ResourceTypeFilters=["cognito-idp:userpool"],
        )
        arns = [each["ResourceARN"] for each in tagged["ResourceTagMappingList"]]
        found += [Kept(service, USER_POOL, arn.rpartition("/")[2]) for arn in arns]
    return tuple(found)


def stacks(client: Any) -> dict[str, str]:
    """The states of the account's stacks in this region, by name, without those whose change set
    was made and never begun: they have nothing."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}
    return {name: state for name, state in found.items() if state != "REVIEW_IN_PROGRESS"}


def _is(bucket: str, prefix: str) -> bool:
    return bucket.startswith(prefix.lower())
