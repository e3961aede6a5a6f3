"""Whose credentials these are, and whether the region can be used."""

from dataclasses import replace
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from infra.cli.account.doctor.account import Account, Clients, home_region
from infra.cli.account.doctor.check import Check, Found, missing, ok, unchecked, warning
from infra.cli.account.region import NOT_CHOSEN
from infra.stages import StageConfig

_EXPIRED = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
)
_WRONG = frozenset(
    ("AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException")
)
_SIGN_IN = "sign in with 'aws configure sso', or set an access key with 'aws configure'"
_AGAIN = "sign in again: 'aws sso login', or new keys with 'aws configure'"


def look(stage: StageConfig) -> tuple[Account | None, tuple[Check, ...]]:
    """The account, where credentials and region are there, and the checks that say so."""
    try:
        session = boto3.Session()
    except ProfileNotFound as error:
        return None, (_found("credentials", refusal(error)),)
    region: str | None = session.region_name
    clients = Clients(session)
    identity, credentials = _identity(clients, home_region(session, region))
    checks = [_found("credentials", credentials)]
    if region is None:
        checks.append(_found("region", missing("none is chosen", NOT_CHOSEN)))
    if identity is None or region is None:
        return None, tuple(checks)
    account = Account(identity["Account"], identity["Arn"], region, stage, clients)
    enabled = Check("region", lambda: _enabled(account), ("ec2:DescribeRegions",), True)
    return account, (*checks, enabled)


def _found(name: str, found: Found) -> Check:
    return Check(name, lambda: found, before_deploy=True)


def _identity(clients: Clients, region: str) -> tuple[dict[str, Any] | None, Found]:
    try:
        caller = clients.of("sts", region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        # A deployment asks the same first, and would fail as well.
        return None, replace(refusal(error), status="missing")
    said = f"account {caller['Account']}, as {caller['Arn']}"
    if caller["Arn"].endswith(":root"):
        return caller, warning(
            f"{said}, the root user",
            "work as an administrator, and lock the root user's keys away: "
            "https://console.aws.amazon.com/singlesignon",
        )
    return caller, ok(said)


def refusal(error: BotoCoreError | ClientError) -> Found:
    """Why there is no account: ``missing`` where the credentials lack something."""
    match error:
        case NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            return missing(f"there are none: {error}", _SIGN_IN)
        case SSOError() | TokenRetrievalError() | LoginError() | CredentialRetrievalError():
            return missing(f"they have ended: {error}", _AGAIN)
        case ClientError():
            code = error.response["Error"]["Code"]
            if code in _EXPIRED:
                return missing("they have expired", _AGAIN)
            if code in _WRONG:
                clock = "; the computer's clock must be right, too"
                return missing(f"AWS does not know them ({code})", _AGAIN + clock)
            return unchecked(f"AWS refused: {error}", _AGAIN)
    return unchecked(
        f"AWS cannot be reached: {error}", "look at the network and its proxy, and try again"
    )


def _enabled(account: Account) -> Found:
    ec2 = account.clients.of("ec2", home_region(account.clients.session, account.region))
    try:
        found = ec2.describe_regions(RegionNames=[account.region], AllRegions=True)["Regions"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidParameterValue":
            raise
        found = []
    if not found:
        return missing(
            f"AWS has no region {account.region}", "choose another: --region ap-northeast-2"
        )
    if found[0]["OptInStatus"] == "not-opted-in":
        return missing(
            f"{account.region} is not enabled in this account",
            f"aws account enable-region --region-name {account.region}; it takes minutes to hours",
        )
    return ok(account.region)
