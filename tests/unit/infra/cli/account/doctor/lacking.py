"""What each check of the doctor can find lacking, and the calls that IAM can refuse it."""

from collections.abc import Mapping
from typing import Any

from tests.unit.infra.cli.account.doctor.answers import ACCOUNT, REGION, bucket, stack

Given = Mapping[str, Any]

# Check, what AWS answers in place of READY, the status, and a part of what is to be done.
SPOT = "L-3819A6DF"
LACKING: list[tuple[str, Given, str, str]] = [
    ("credentials", {"GetCallerIdentity": "ExpiredToken"}, "missing", "aws sso login"),
    ("credentials", {"GetCallerIdentity": "InvalidClientTokenId"}, "missing", "clock"),
    (
        "credentials",
        {"GetCallerIdentity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}},
        "warning",
        "administrator",
    ),
    ("region", {"DescribeRegions": {"Regions": []}}, "missing", "--region ap-northeast-2"),
    ("region", {"DescribeRegions": "InvalidParameterValue"}, "missing", "--region ap-northeast-2"),
    (
        "region",
        {"DescribeRegions": {"Regions": [{"OptInStatus": "not-opted-in"}]}},
        "missing",
        "aws account enable-region",
    ),
    (
        "bootstrap",
        {"GetParameter": "ParameterNotFound", "HeadBucket": "404"},
        "missing",
        f"visionflow bootstrap --stage prod --region {REGION}",
    ),
    ("bootstrap", {"GetParameter": "ParameterNotFound"}, "missing", "aws s3 rb"),
    ("bootstrap", {"GetParameter": "ParameterNotFound", "HeadBucket": "403"}, "missing", "s3 rb"),
    ("bootstrap", {"HeadBucket": "404"}, "missing", "delete-stack"),
    ("bootstrap", {"GetParameter": {"Parameter": {"Value": "5"}}}, "missing", "visionflow boot"),
    *(
        ("bootstrap", {"DescribeStacks": {"Stacks": [stack("CDKToolkit", state)]}}, "missing", todo)
        for state, todo in (
            ("ROLLBACK_COMPLETE", "delete-stack"),
            ("DELETE_FAILED", "delete-stack"),
            ("UPDATE_IN_PROGRESS", "wait"),
        )
    ),
    (
        "functions at once",
        {
            "GetAccountSettings": {
                "AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
            }
        },
        "missing",
        "--service-code lambda --quota-code L-B99A9384",
    ),
    (
        "functions at once",
        {
            "GetAccountSettings": {
                "AccountLimit": {
                    "ConcurrentExecutions": 1000,
                    "UnreservedConcurrentExecutions": 150,
                }
            }
        },
        "missing",
        "--desired-value 1060",
    ),
    *(
        (name, {"GetServiceQuota": {"Quota": {"Value": 0.0}}}, "warning", f"--quota-code {code}")
        for name, code in (
            ("GPU machines, spot", SPOT),
            ("GPU machines, on-demand", "L-DB2E81BA"),
            ("CPU machines, spot", "L-34B43A08"),
            ("CPU machines, on-demand", "L-1216C47A"),
        )
    ),
    (
        "GPU machines, spot",
        {
            "GetServiceQuota": "NoSuchResourceException",
            "GetAWSDefaultServiceQuota": {"Quota": {"Value": 4.0}},
        },
        "warning",
        "--desired-value 8",
    ),
    (
        "GPU machines, spot",
        {
            "GetServiceQuota": {"Quota": {"Value": 0.0}},
            "ListRequestedServiceQuotaChangeHistoryByQuota": {
                "RequestedQuotas": [{"Status": "CASE_OPENED", "DesiredValue": 8.0}]
            },
        },
        "warning",
        "wait",
    ),
    ("role of spot machines", {"GetRole": "NoSuchEntity"}, "warning", "create-service-linked-role"),
    (
        "machine types",
        {"DescribeInstanceTypeOfferings": {"InstanceTypeOfferings": []}},
        "warning",
        "--local",
    ),
    ("machine image", {"GetParameter": "ParameterNotFound"}, "warning", "job_image_parameter"),
    (
        "CloudFront",
        {
            "ListDistributions": {
                "DistributionList": {
                    "Marker": "",
                    "MaxItems": 1,
                    "IsTruncated": False,
                    "Quantity": 0,
                }
            }
        },
        "unchecked",
        "must be verified before you can add new CloudFront",
    ),
    *(
        (
            "stacks",
            {"DescribeStacks": {"Stacks": [stack("VisionFlow-Prod-Data", state)]}},
            wanted,
            todo,
        )
        for state, wanted, todo in (
            ("UPDATE_ROLLBACK_FAILED", "missing", "continue-update-rollback"),
            ("DELETE_FAILED", "missing", "delete-stack --stack-name VisionFlow-Prod-Data"),
            ("UPDATE_IN_PROGRESS", "missing", "wait"),
        )
    ),
    (
        "sign-in address",
        {"DescribeUserPoolDomain": {"DomainDescription": {"UserPoolId": "ap-northeast-2_a"}}},
        "missing",
        f"delete-user-pool-domain --domain visionflow-prod-{ACCOUNT}",
    ),
    (
        "kept data",
        {"ListBuckets": {"Buckets": [bucket("visionflow-prod-data-images1-abc")]}},
        "warning",
        "--kept-data adopt",
    ),
    (
        "kept data",
        {"ListTables": {"TableNames": ["VisionFlow-Prod-Data-Keys1-ABC"]}},
        "warning",
        "--kept-data adopt",
    ),
    (
        "kept data",
        {
            "GetResources": {
                "ResourceTagMappingList": [
                    {"ResourceARN": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/a_b"}
                ]
            }
        },
        "warning",
        "--kept-data adopt",
    ),
]

# The calls of each check, which IAM may refuse.
CALLS = {
    "region": ("DescribeRegions", "ec2:DescribeRegions"),
    "bootstrap": ("GetParameter", "ssm:GetParameter"),
    "functions at once": ("GetAccountSettings", "lambda:GetAccountSettings"),
    "GPU machines, spot": ("GetServiceQuota", "servicequotas:GetServiceQuota"),
    "GPU machines, on-demand": ("GetServiceQuota", "servicequotas:GetServiceQuota"),
    "CPU machines, spot": ("GetServiceQuota", "servicequotas:GetServiceQuota"),
    "CPU machines, on-demand": ("GetServiceQuota", "servicequotas:GetServiceQuota"),
    "role of spot machines": ("GetRole", "iam:GetRole"),
    "machine types": ("DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypeOfferings"),
    "machine image": ("GetParameter", "ssm:GetParameter"),
    "CloudFront": ("ListDistributions", "cloudfront:ListDistributions"),
    "stacks": ("DescribeStacks", "cloudformation:DescribeStacks"),
    "sign-in address": ("DescribeUserPoolDomain", "cognito-idp:DescribeUserPoolDomain"),
    # The call is ListBuckets, the action is not.
    "kept data": ("ListBuckets", "s3:ListAllMyBuckets"),
}
