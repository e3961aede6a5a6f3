"""Which account and region the commands work in: chosen in one way, and never guessed.

boto3 reads $AWS_DEFAULT_REGION alone, the functions of Lambda and the CDK CLI read $AWS_REGION too,
and the CDK CLI takes us-east-1 where nothing is chosen. A stage would be deployed to one region and
looked for in another.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.errors import CommandError

# The first that is set counts, as for the AWS CLI.
VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
NOT_CHOSEN = (
    "No AWS region is chosen, and none is guessed; add --region, such as --region ap-northeast-2, "
    "set $AWS_REGION, or give your profile one with 'aws configure'."
)
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class Place:
    """Where a command works, and as whom."""

    account: str
    region: str
    arn: str

    def __str__(self) -> str:
        return f"account {self.account}, region {self.region}"


@contextmanager
def chosen_region(option: str | None) -> Iterator[None]:
    """Everything in the block, child processes too, works in the region of ``--region``, or of the
    first of `VARIABLES`; where none is set, a profile decides.

    Raises `CommandError` for what cannot be the name of a region.
    """
    region = option or next((found for name in VARIABLES if (found := os.environ.get(name))), None)
    if region is None:
        yield
        return
    if not _REGION.fullmatch(region):
        raise CommandError(f"{region!r} is not a region of AWS; one is ap-northeast-2 (Seoul).")
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, region))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def place() -> Place:
    """The account of the credentials, and the region that is chosen.

    Raises `CommandError` without a region, and botocore's errors without working credentials.
    """
    import boto3  # noqa: PLC0415  a command that is refused needs none of it

    region = boto3.Session().region_name
    if not region:
        raise CommandError(NOT_CHOSEN)
    caller = boto3.client("sts", region_name=region).get_caller_identity()
    return Place(caller["Account"], region, caller["Arn"])
