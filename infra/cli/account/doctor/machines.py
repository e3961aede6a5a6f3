"""Whether training jobs get machines: quotas, spot's role, types and image of the region."""

from collections.abc import Iterator
from typing import Any

from infra.cli.account.doctor.account import Account
from infra.cli.account.doctor.check import Check, Found, ok, warning
from visionflow.jobs.instances import DEFAULT_TYPES, INSTANCE_TYPES, QUOTAS, InstanceType, Market

ROLE = "AWSServiceRoleForEC2Spot"
_KINDS = {"G": "GPU", "standard": "CPU"}


def checks(account: Account) -> tuple[Check, ...]:
    quota = (
        "servicequotas:GetServiceQuota",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota",
    )
    return (
        *(Check(name, look, quota) for name, look in _quotas(account)),
        Check("role of spot machines", lambda: _spot_role(account), ("iam:GetRole",)),
        Check("machine types", lambda: _types(account), ("ec2:DescribeInstanceTypeOfferings",)),
        Check("machine image", lambda: _image(account), ("ssm:GetParameter",)),
    )


def _quotas(account: Account) -> "Iterator[tuple[str, Any]]":
    for (family, market), code in QUOTAS.items():
        types = [kind for kind in INSTANCE_TYPES if kind.family == family]

        def look(
            code: str = code, types: list[InstanceType] = types, market: Market = market
        ) -> Found:
            return _quota(account, code, types, market)

        yield f"{_KINDS[family]} machines, {market}", look


def _quota(account: Account, code: str, types: list[InstanceType], market: Market) -> Found:
    quotas = account.clients.of("service-quotas")
    limit = _limit(quotas, code)
    least, most = min(kind.vcpus for kind in types), max(kind.vcpus for kind in types)
    if limit >= most:
        return ok(f"{limit:g} vCPUs")
    fit = ", ".join(kind.type for kind in types if kind.vcpus <= limit)
    said = f"{limit:g} vCPUs: " + (
        f"enough for {fit} only" if fit else f"a machine has {least} or more, so no job runs here"
    )
    if asked := _asked(quotas, code):
        return warning(f"{said}; {asked:g} are asked for", "wait for the answer of AWS, by e-mail")
    return warning(
        said,
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code "
        f"{code} --desired-value {most} --region {account.region} ({market}; answered in hours to "
        "days)",
    )


def _limit(quotas: Any, code: str) -> float:
    of = {"ServiceCode": "ec2", "QuotaCode": code}
    try:
        return float(quotas.get_service_quota(**of)["Quota"]["Value"])
    except quotas.exceptions.NoSuchResourceException:
        # An account that never had another one has the default.
        return float(quotas.get_aws_default_service_quota(**of)["Quota"]["Value"])


def _asked(quotas: Any, code: str) -> float | None:
    """How much an open request asks for."""
    found = quotas.list_requested_service_quota_change_history_by_quota(
        ServiceCode="ec2", QuotaCode=code
    )["RequestedQuotas"]
    return next((one["DesiredValue"] for one in found if one["Status"] in _OPEN), None)


_OPEN = ("PENDING", "CASE_OPENED")


def _spot_role(account: Account) -> Found:
    iam = account.clients.of("iam")
    try:
        iam.get_role(RoleName=ROLE)
    except iam.exceptions.NoSuchEntityException:
        # The function that launches may make it; EC2 refuses the launch that comes too early.
        return warning(
            f"{ROLE} is not there; the first job makes it, and may have to be resumed once",
            "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
        )
    return ok(ROLE)


def _types(account: Account) -> Found:
    names = [kind.type for kind in INSTANCE_TYPES]
    pages = account.clients.of("ec2").get_paginator("describe_instance_type_offerings")
    found = {
        offer["InstanceType"]
        for page in pages.paginate(
            LocationType="region", Filters=[{"Name": "instance-type", "Values": names}]
        )
        for offer in page["InstanceTypeOfferings"]
    }
    if not found & set(DEFAULT_TYPES):
        return warning(
            f"{account.region} offers none of {', '.join(DEFAULT_TYPES)}",
            "train with visionflow jobs start --local, or deploy to another region",
        )
    lacking = [name for name in names if name not in found]
    return ok(f"all but {', '.join(lacking)}" if lacking else f"all {len(names)}")


def _image(account: Account) -> Found:
    ssm, name = account.clients.of("ssm"), account.stage.job_image_parameter
    try:
        return ok(str(ssm.get_parameter(Name=name)["Parameter"]["Value"]))
    except ssm.exceptions.ParameterNotFound:
        return warning(
            f"{account.region} has no {name}",
            "set job_image_parameter in infra/stages.py to one that 'aws ssm "
            "get-parameters-by-path --path /aws/service/deeplearning/ami --recursive' lists",
        )
