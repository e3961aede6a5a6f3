"""The machines of training jobs in EC2: found by their tag, even if no record names them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.jobs.settings import JobsSettings
from lambdas.jobs.verdict import MachineState
from visionflow.errors import JobRefusedError, PlatformError
from visionflow.jobs.instances import InstanceType, Market
from visionflow.jobs.record import JobInstance, JobRecord
from visionflow.sentences import say

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

JOB_TAG = "visionflow-job"
HOURS_TAG = "visionflow-max-hours"
_GONE = ("terminated", "shutting-down")
# Seconds between looks for a machine that EC2 has launched and may not know yet:
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
# For one that it has listed already, and whose loss a job should learn of soon.
_SHORT_WAITS = _WAITS[:3]
_UNKNOWN = "InvalidInstanceID.NotFound"
# Refusals that another market, type or time may not give.
_NO_ROOM = (
    *("InsufficientInstanceCapacity", "UnfulfillableCapacity", "InsufficientCapacityOnOutpost"),
    *("VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "InstanceLimitExceeded"),
    *("SpotMaxPriceTooLow", "Unsupported", "InsufficientFreeAddressesInSubnet"),
)


class Machines:
    """Launches and ends machines by one launch template."""

    def __init__(
        self,
        ec2: "EC2Client",
        ssm: "SSMClient",
        settings: JobsSettings,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ec2 = ec2
        self._sleep = sleep
        self._ssm = ssm
        self._launch_template = settings.launch_template
        self._subnets = settings.job_subnets.split(",")
        self._image_parameter = settings.image_parameter

    def launch(
        self, record: JobRecord, choices: dict[Market, tuple[InstanceType, ...]]
    ) -> JobInstance:
        """One machine: of the first market that has room for any type in any zone.

        Asking again for the same attempt of a job gives the same machine. Raises
        `JobRefusedError` when nothing has room anywhere, and `PlatformError` while EC2 does not
        list a machine that it has launched.
        """
        image = self._ssm.get_parameter(Name=self._image_parameter)["Parameter"]["Value"]
        refusals: Counter[str] = Counter()
        for market, types in choices.items():
            if types:
                found = self._fleet(record, market, types, image, refusals)
                if found is not None:
                    return found
        tried = "; ".join(
            f"{market}: {', '.join(kind.type for kind in types)}"
            for market, types in choices.items()
            if types
        )
        raise JobRefusedError(
            f"No machine is available in {len(self._subnets)} zones ({tried}): "
            f"{', '.join(sorted(refusals)) or 'EC2 gave no reason'}. Try again later, or choose "
            "another instance type."
        )

    def state(self, instance: JobInstance) -> MachineState:
        """Whether the machine runs, by EC2."""
        found = self._patiently(lambda: self._by_id(instance.id), _SHORT_WAITS)
        if found is None:
            return MachineState(alive=False, reason=say("unknown_machine"))
        alive = found["State"]["Name"] in ("pending", "running")
        return MachineState(alive, found.get("StateReason", {}).get("Code"))

    def terminate(self, job_id: str) -> int:
        """End every machine of the job; returns how many are not gone yet."""
        left = self._of(job_id)
        if left:
            self._ec2.terminate_instances(InstanceIds=[found["InstanceId"] for found in left])
        return len(self._of(job_id))

    def _of(self, job_id: str) -> list[Any]:
        found = self._tagged(job_id)
        return [instance for instance in found if instance["State"]["Name"] not in _GONE]

    def _tagged(self, job_id: str) -> list[Any]:
        return self._describe(Filters=[{"Name": f"tag:{JOB_TAG}", "Values": [job_id]}])

    def _launched(self, job_id: str, instance_id: str) -> Any | None:
        """By the job's tag, as `terminate` will look for it."""
        found = (one for one in self._tagged(job_id) if one["InstanceId"] == instance_id)
        return next(found, None)

    def _by_id(self, instance_id: str) -> Any | None:
        try:
            return next(iter(self._describe(InstanceIds=[instance_id])), None)
        except ClientError as error:
            if error.response["Error"]["Code"] != _UNKNOWN:
                raise
            return None

    def _patiently(self, look: Callable[[], Any | None], waits: Sequence[float]) -> Any | None:
        """What ``look`` finds, at once or after some of the ``waits``."""
        for wait in waits:
            if (found := look()) is not None:
                return found
            self._sleep(wait)
        return look()

    def _describe(self, **query: Any) -> list[Any]:
        pages = self._ec2.get_paginator("describe_instances").paginate(**query)
        return [
            instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]

    def _fleet(
        self,
        record: JobRecord,
        market: Market,
        types: Sequence[InstanceType],
        image: str,
        refusals: Counter[str],
    ) -> JobInstance | None:
        try:
            answer = self._ec2.create_fleet(**self._request(record, market, types, image))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _NO_ROOM:
                raise
            refusals[code] += 1
            return None
        refusals.update(str(error.get("ErrorCode")) for error in answer.get("Errors", []))
        for launched in answer.get("Instances", []):
            for instance_id in launched.get("InstanceIds", []):
                found = self._patiently(partial(self._launched, record.id, instance_id), _WAITS)
                if found is None:
                    raise PlatformError(f"EC2 does not list its new machine {instance_id} yet.")
                zone = found["Placement"]["AvailabilityZone"]
                spot = market == "spot"
                return JobInstance(instance_id, found["InstanceType"], zone, spot)
        return None

    def _request(
        self, record: JobRecord, market: Market, types: Sequence[InstanceType], image: str
    ) -> dict[str, Any]:
        """An instant fleet of one: EC2 tries all pools at once and answers when it is decided."""
        tags = {
            "Name": f"visionflow-job-{record.id}",
            JOB_TAG: record.id,
            HOURS_TAG: f"{record.request.max_hours:g}",
        }
        pools: list[dict[str, Any]] = [
            {"InstanceType": kind.type, "SubnetId": subnet, "ImageId": image}
            for kind in types
            for subnet in self._subnets
        ]
        if market == "on-demand":
            # The cheapest type first, in any zone.
            for priority, pool in enumerate(pools):
                pool["Priority"] = float(priority // len(self._subnets))
        return {
            "Type": "instant",
            "ClientToken": f"{record.id}-{record.attempt}-{market}",
            "LaunchTemplateConfigs": [
                {
                    "LaunchTemplateSpecification": {
                        "LaunchTemplateId": self._launch_template,
                        "Version": "$Latest",
                    },
                    "Overrides": pools,
                }
            ],
            "TargetCapacitySpecification": {
                "TotalTargetCapacity": 1,
                "DefaultTargetCapacityType": market,
            },
            "TagSpecifications": [
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
            **(
                {"SpotOptions": {"AllocationStrategy": "price-capacity-optimized"}}
                if market == "spot"
                else {"OnDemandOptions": {"AllocationStrategy": "prioritized"}}
            ),
        }
