"""The machines of training jobs in EC2: found by their tag, even if no record names them."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.jobs.settings import JobsSettings
from lambdas.jobs.verdict import MachineState
from visionflow.errors import JobRefusedError
from visionflow.jobs.instances import InstanceType, Market
from visionflow.jobs.record import JobInstance, JobRecord
from visionflow.sentences import say

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

JOB_TAG = "visionflow-job"
HOURS_TAG = "visionflow-max-hours"
_GONE = ("terminated", "shutting-down")
# Refusals that another market, type or time may not give.
_NO_ROOM = (
    *("InsufficientInstanceCapacity", "UnfulfillableCapacity", "InsufficientCapacityOnOutpost"),
    *("VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "InstanceLimitExceeded"),
    *("SpotMaxPriceTooLow", "Unsupported", "InsufficientFreeAddressesInSubnet"),
)


class Machines:
    """Launches and ends machines by one launch template."""

    def __init__(self, ec2: "EC2Client", ssm: "SSMClient", settings: JobsSettings) -> None:
        self._ec2 = ec2
        self._ssm = ssm
        self._launch_template = settings.launch_template
        self._subnets = settings.job_subnets.split(",")
        self._image_parameter = settings.image_parameter

    def launch(
        self, record: JobRecord, choices: dict[Market, tuple[InstanceType, ...]]
    ) -> JobInstance:
        """One machine: of the first market that has room for any type in any zone.

        Asking again for the same attempt of a job gives the same machine. Raises
        `JobRefusedError` when nothing has room anywhere.
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
        try:
            (found,) = self._describe(InstanceIds=[instance.id])
        except (ValueError, ClientError) as error:
            if isinstance(error, ClientError) and "NotFound" not in str(error):
                raise
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
        found = self._describe(Filters=[{"Name": f"tag:{JOB_TAG}", "Values": [job_id]}])
        return [instance for instance in found if instance["State"]["Name"] not in _GONE]

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
                (found,) = self._describe(InstanceIds=[instance_id])
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
