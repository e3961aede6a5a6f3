"""AWS as a test wants it to answer: by the name of a call, with no socket.

moto lacks quotas, a missing verification and refusals by IAM; here each answer has the shape that
AWS documents, or is the code of an error.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from boto3.session import Session
from botocore.loaders import create_loader
from botocore.validate import validate_parameters

_LOADER = create_loader()
ACCOUNT, REGION = "123456789012", "ap-northeast-2"
REFUSED = "AccessDenied"


class Answers:
    """``of``: what a call answers, or the code of its error. ``asked``: the calls."""

    def __init__(self, of: Mapping[str, Any]) -> None:
        self.of = of
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def session(self, region: str | None = REGION) -> Session:
        session = Session("id", "secret", region_name=region)
        # The descriptions of the services take longer to read than all tests.
        session._session.register_component("data_loader", _LOADER)
        answer: Any = self._answer
        session.events.register("before-call", answer)
        session.events.register("provide-client-params", self._note)
        return session

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.asked.append((model.name, params))

    def _answer(self, model: Any, **_: object) -> tuple[Any, dict[str, Any]]:
        if model.name not in self.of:
            raise AssertionError(f"{model.name} was not expected")
        answer = self.of[model.name]
        if isinstance(answer, str):
            error = {"Error": {"Code": answer, "Message": f"{answer} by AWS"}}
            return SimpleNamespace(status_code=400), error
        validate_parameters(answer, model.output_shape)
        return SimpleNamespace(status_code=200), answer


def stack(name: str, status: str) -> dict[str, Any]:
    return {"StackName": name, "StackStatus": status, "CreationTime": "2030-01-01T00:00:00Z"}


def bucket(name: str) -> dict[str, Any]:
    return {"Name": name}


# An account in which everything is as stage prod needs it.
READY: dict[str, Any] = {
    "GetCallerIdentity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ines"},
    "DescribeRegions": {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
    "DescribeStacks": {"Stacks": [stack("CDKToolkit", "CREATE_COMPLETE")]},
    "GetParameter": {"Parameter": {"Value": "27"}},
    "HeadBucket": {},
    "GetAccountSettings": {
        "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    },
    "GetServiceQuota": {"Quota": {"Value": 64.0}},
    "ListRequestedServiceQuotaChangeHistoryByQuota": {"RequestedQuotas": []},
    "GetRole": {
        "Role": {
            "Path": "/",
            "RoleName": "AWSServiceRoleForEC2Spot",
            "RoleId": "A" * 16,
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForEC2Spot",
            "CreateDate": "2030-01-01T00:00:00Z",
        }
    },
    "DescribeInstanceTypeOfferings": {
        "InstanceTypeOfferings": [{"InstanceType": "g4dn.xlarge"}, {"InstanceType": "g6.xlarge"}]
    },
    "ListDistributions": {
        "DistributionList": {"Marker": "", "MaxItems": 1, "IsTruncated": True, "Quantity": 1}
    },
    "DescribeUserPoolDomain": {"DomainDescription": {}},
    "ListBuckets": {"Buckets": []},
    "ListTables": {"TableNames": []},
    "GetResources": {"ResourceTagMappingList": []},
}
