"""One stage in two regions of one account: no name that the whole account shares may collide."""

from typing import Any

import pytest

from infra.stages import DEV, PROD, StageConfig
from tests.infra.conftest import EVERYTHING, Resource, Synthesize, Templates

# Services that keep names for the whole account, or for all accounts.
GLOBAL = ("AWS::Budgets::", "AWS::CloudFront::", "AWS::IAM::", "AWS::Route53::", "AWS::S3::Bucket")
# Where each of their resources has its name; empty where it has none. Without one, CloudFormation
# makes a name that is nowhere else.
NAME: dict[str, tuple[str, ...]] = {
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::Distribution": (),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::OriginRequestPolicy": ("OriginRequestPolicyConfig", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::IAM::Group": ("GroupName",),
    "AWS::IAM::InstanceProfile": ("InstanceProfileName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Policy": (),  # inside its role
    "AWS::IAM::Role": ("RoleName",),
    "AWS::IAM::User": ("UserName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::S3::BucketPolicy": (),
}
LONGEST = {
    "AWS::CloudFront::OriginAccessControl": 64,
    "AWS::CloudFront::ResponseHeadersPolicy": 128,
}
LONGEST_REGION = "ap-southeast-99"


def global_names(templates: Templates) -> dict[tuple[str, str], str]:
    """The name of each resource that the stage names itself, by kind and logical id."""
    found = {}
    for kind in templates.kinds():
        if kind.startswith(GLOBAL):
            for logical_id, properties in templates.properties(kind).items():
                name = own_name(kind, properties)
                if name is not None:
                    found[kind, logical_id] = templates.text(name)
    return found


def own_name(kind: str, properties: Resource) -> Any:
    """Raises `KeyError` for a kind whose name nobody has thought of."""
    path = NAME[kind]
    found: Any = properties
    for part in path:
        found = found.get(part, {})
    return found if path and found != {} else None


@pytest.mark.parametrize("stage", [DEV, PROD, EVERYTHING], ids=["dev", "prod", "everything"])
def test_names_of_the_whole_account_hold_the_region(
    stage: StageConfig, synthesize: Synthesize
) -> None:
    templates = synthesize(stage)
    names = global_names(templates)
    # CloudFront makes none by itself.
    assert {kind for kind, _ in names} >= set(LONGEST)
    for (kind, logical_id), name in names.items():
        assert "AWS::Region" in name, f"{logical_id} ({kind}) is called {name} in every region"
        assert templates.stage.title in name, f"{logical_id}: two stages of a region share {name}"
        if kind in LONGEST:
            assert len(name.replace("AWS::Region", LONGEST_REGION)) <= LONGEST[kind]


def test_the_prefix_of_the_sign_in_is_of_the_account(on_aws: Templates) -> None:
    """Cognito keeps these for a region, and shares them among all accounts."""
    (domain,) = on_aws.properties("AWS::Cognito::UserPoolDomain").values()
    assert "AWS::AccountId" in on_aws.text(domain["Domain"])
