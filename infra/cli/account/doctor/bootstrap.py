"""Whether account and region are prepared for the CDK CLI."""

from typing import Any

from botocore.exceptions import ClientError

from infra.cli.account.doctor.account import Account
from infra.cli.account.doctor.check import Check, Found, missing, ok

OLDEST = 6
"""Of the bootstrap stack that the templates ask for; a test compares it with them."""
STACK = "CDKToolkit"
PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_USABLE = frozenset(
    (
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        *("IMPORT_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
    )
)


def checks(account: Account) -> tuple[Check, ...]:
    needs = ("ssm:GetParameter", "cloudformation:DescribeStacks", "s3:ListBucket")
    return (Check("bootstrap", lambda: _look(account), needs, before_deploy=True),)


def _look(account: Account) -> Found:
    command = f"visionflow bootstrap --stage {account.stage.name} --region {account.region}"
    anew = (
        f"aws cloudformation delete-stack --stack-name {STACK} --region {account.region}; "
        f"then {command}"
    )
    state = _state(account.clients.of("cloudformation"))
    if state is not None and state not in _USABLE:
        running = state.endswith("_IN_PROGRESS")
        return missing(
            f"the stack {STACK} is {state}", "wait until it has ended" if running else anew
        )
    version = _version(account.clients.of("ssm"))
    if version is not None and version < OLDEST:
        return missing(f"version {version}; {OLDEST} or newer is needed", command)
    bucket = f"cdk-hnb659fds-assets-{account.id}-{account.region}"
    match version, _there(account.clients.of("s3"), bucket):
        case None, True:
            found = missing(
                f"it is not there, but the bucket {bucket} of an earlier one is",
                f"aws s3 rb s3://{bucket} --force; then {command}",
            )
        case None, False:
            found = missing("this account and region are not prepared", command)
        case _, False:
            found = missing(f"the bucket {bucket} is gone", anew)
        case _:
            found = ok(f"version {version}")
    return found


def _state(cloudformation: Any) -> str | None:
    try:
        found = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        # Of a stack that is not there.
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return str(found[0]["StackStatus"])


def _version(ssm: Any) -> int | None:
    try:
        return int(ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def _there(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "NotFound"):
            # Who may not look into it knows that there is one.
            return error.response["Error"]["Code"] in ("403", "AccessDenied", "Forbidden")
        return False
    return True
