"""Whether the account may have the page: a new one is refused CloudFront at times."""

from infra.cli.account.doctor.account import Account
from infra.cli.account.doctor.check import Check, Found, ok, unchecked

SUPPORT = "https://console.aws.amazon.com/support/home#/case/create"


def checks(account: Account) -> tuple[Check, ...]:
    return (Check("CloudFront", lambda: _look(account), ("cloudfront:ListDistributions",)),)


def _look(account: Account) -> Found:
    found = account.clients.of("cloudfront").list_distributions(MaxItems="1")["DistributionList"]
    if found["Quantity"]:
        return ok("the account has a distribution, so AWS has verified it")
    return unchecked(
        "AWS verifies a new account with its first distribution, and tells only then",
        "deploy; if it ends with 'Your account must be verified before you can add new CloudFront "
        f"resources', ask for it under 'Account and billing', which is free: {SUPPORT}",
    )
