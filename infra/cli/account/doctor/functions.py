"""Whether Lambda lets the stage run as many functions at once as it wants."""

from infra.cli.account.doctor.account import Account
from infra.cli.account.doctor.check import Check, Found, missing, ok, warning
from infra.cli.account.kept import stacks

UNRESERVED = 100
"""What Lambda keeps for functions without a reservation:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
# A stage with fewer answers a page's requests one after the other.
_ENOUGH = 50
_QUOTA = "L-B99A9384"


def checks(account: Account) -> tuple[Check, ...]:
    needs = ("lambda:GetAccountSettings", "cloudformation:DescribeStacks")
    return (Check("functions at once", lambda: _look(account), needs, before_deploy=True),)


def _look(account: Account) -> Found:
    limits = account.clients.of("lambda").get_account_settings()["AccountLimit"]
    limit = int(limits["ConcurrentExecutions"])
    stage = account.stage
    reserved = stage.reserved_concurrency.total
    if not reserved:
        if limit < _ENOUGH:
            return warning(
                f"{limit} at once in the whole account, so a burst of requests is refused (429)",
                _more(account, 1000),
            )
        return ok(f"{limit} at once")
    if limit < reserved + UNRESERVED:
        return missing(
            f"stage {stage.name} reserves {reserved} at once, and AWS keeps {UNRESERVED} more: "
            f"the account may run {limit}",
            f"{_more(account, 1000)}; or deploy stage dev, which reserves none",
        )
    # Of a stage that is deployed, its own are in what is reserved already.
    free = int(limits["UnreservedConcurrentExecutions"])
    if free - reserved < UNRESERVED and not _deployed(account):
        return missing(
            f"stage {stage.name} reserves {reserved} at once; other functions leave {free}, of "
            f"which AWS keeps {UNRESERVED}",
            _more(account, limit + reserved + UNRESERVED - free),
        )
    return ok(f"{limit} at once, of which the stage reserves {reserved}")


def _deployed(account: Account) -> bool:
    return f"{account.stack_prefix}Service" in stacks(account.clients.of("cloudformation"))


def _more(account: Account, wanted: int) -> str:
    return (
        "aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
        f"{_QUOTA} --desired-value {wanted} --region {account.region}"
    )
