"""What an earlier deployment has left that the next one meets."""

from collections.abc import Mapping

from infra.cli.account.doctor.account import Account
from infra.cli.account.doctor.check import Check, Found, missing, ok, warning
from infra.cli.account.kept import kept_of, stacks

_FAILED = ("ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")


def checks(account: Account) -> tuple[Check, ...]:
    described = "cloudformation:DescribeStacks"
    return (
        Check("stacks", lambda: _stacks(account), (described,), before_deploy=True),
        Check(
            "sign-in address",
            lambda: _domain(account),
            ("cognito-idp:DescribeUserPoolDomain", described),
            before_deploy=True,
        ),
        Check(
            "kept data",
            lambda: _kept(account),
            ("s3:ListAllMyBuckets", "dynamodb:ListTables", "tag:GetResources", described),
        ),
    )


def stacks_of(account: Account) -> Mapping[str, str]:
    """The states of the stage's stacks, by name."""
    found = stacks(account.clients.of("cloudformation"))
    return {name: state for name, state in found.items() if name.startswith(account.stack_prefix)}


def _stacks(account: Account) -> Found:
    found = stacks_of(account)
    for name, state in found.items():
        if state.endswith("_IN_PROGRESS"):
            return missing(f"{name} is {state}", "wait until it has ended")
        if state in _FAILED:
            step = "continue-update-rollback" if "UPDATE" in state else "delete-stack"
            return missing(
                f"{name} is {state}",
                f"aws cloudformation {step} --stack-name {name} --region {account.region}",
            )
    if not found:
        return ok(f"none of stage {account.stage.name} yet")
    return ok(", ".join(f"{name} {state}" for name, state in found.items()))


def _domain(account: Account) -> Found:
    """Of the sign-in pages: the one name that this deployment chooses itself."""
    name = f"visionflow-{account.stage.name}-{account.id}"
    cognito = account.clients.of("cognito-idp")
    found = cognito.describe_user_pool_domain(Domain=name).get("DomainDescription") or {}
    if not found.get("UserPoolId") or f"{account.stack_prefix}Service" in stacks_of(account):
        return ok(f"{name}.auth.{account.region}.amazoncognito.com")
    pool = found["UserPoolId"]
    return missing(
        f"the user pool {pool} of an earlier deployment has the name {name}",
        f"aws cognito-idp delete-user-pool-domain --domain {name} --user-pool-id {pool} "
        f"--region {account.region}",
    )


def _kept(account: Account) -> Found:
    left = kept_of(account.clients.of, account.stage.title, set(stacks_of(account)))
    if not left:
        return ok("no buckets, tables or user pools without their stacks")
    names = ", ".join(one.name for one in left[:3]) + (", ..." if len(left) > 3 else "")
    return warning(
        f"{len(left)} buckets, tables and user pools of a removed deployment ({names}); a new one "
        "does not use them",
        f"visionflow deploy --stage {account.stage.name} --kept-data adopt, to take them back",
    )
