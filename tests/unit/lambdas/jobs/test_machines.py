"""EC2 answers before all of it knows a new machine: it is looked for again, by tag and by id."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.jobs.machines import _SHORT_WAITS, _WAITS, JOB_TAG, Machines
from lambdas.jobs.settings import JobsSettings
from tests.jobs import record
from visionflow.errors import PlatformError
from visionflow.jobs.instances import INSTANCE_TYPES
from visionflow.jobs.record import JobInstance

JOB = record()
KIND = INSTANCE_TYPES[0]
SETTINGS = JobsSettings(
    *("jobs", "files", "datasets", "template", "subnet", "image", "role", 15),
    gate="{}",
    usage_table="usage",
    datasets_table="datasets-table",
    on_aws=1,
    region="ap-northeast-2",
)


class Ec2:
    """Launches one machine, and knows it from the look number ``late`` on."""

    def __init__(self, late: int, code: str = "InvalidInstanceID.NotFound") -> None:
        self.late, self.code = late, code
        self.looks = 0
        self.slept: list[float] = []
        self.machines = Machines(self, self, SETTINGS, self.slept.append)  # type: ignore[arg-type]

    def get_parameter(self, **_: str) -> dict[str, Any]:
        return {"Parameter": {"Value": "ami-1"}}

    def create_fleet(self, **_: object) -> dict[str, Any]:
        return {"Instances": [{"InstanceIds": ["i-1"]}], "Errors": []}

    def get_paginator(self, name: str) -> "Ec2":
        assert name == "describe_instances"
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        self.looks += 1
        if self.looks > self.late:
            instance = {
                "InstanceId": "i-1",
                "InstanceType": KIND.type,
                "Placement": {"AvailabilityZone": "a"},
                "State": {"Name": "pending"},
            }
            yield {"Reservations": [{"Instances": [instance]}]}
        elif "InstanceIds" in query:
            raise ClientError({"Error": {"Code": self.code}}, "DescribeInstances")
        else:
            assert query["Filters"] == [{"Name": f"tag:{JOB_TAG}", "Values": [JOB.id]}]
            yield {"Reservations": []}

    def launch(self) -> JobInstance:
        return self.machines.launch(JOB, {"on-demand": (KIND,)})


@pytest.mark.parametrize("late", range(len(_WAITS) + 1))
def test_a_new_machine_is_looked_for_until_ec2_knows_it(late: int) -> None:
    ec2 = Ec2(late)
    assert ec2.launch() == JobInstance("i-1", KIND.type, "a", spot=False)
    assert ec2.slept == [*_WAITS[:late]]


def test_a_launch_is_tried_again_by_its_step_where_ec2_stays_behind() -> None:
    """The same token gives the same machine; what ends the job looks for it by its tag."""
    with pytest.raises(PlatformError, match="i-1") as raised:
        Ec2(late=100).launch()
    assert raised.value.retryable


@pytest.mark.parametrize("late", range(len(_SHORT_WAITS) + 1))
def test_a_machine_that_ec2_forgets_for_a_moment_is_alive(late: int) -> None:
    ec2 = Ec2(late)
    assert ec2.machines.state(JobInstance("i-1", KIND.type, "a", spot=True)).alive


def test_a_machine_that_is_gone_for_good_is_not() -> None:
    ec2 = Ec2(late=100)
    state = ec2.machines.state(JobInstance("i-1", KIND.type, "a", spot=True))
    assert not state.alive
    assert state.reason
    assert ec2.slept == [*_SHORT_WAITS]


def test_another_refusal_is_no_reason_to_wait() -> None:
    ec2 = Ec2(late=100, code="UnauthorizedOperation")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.machines.state(JobInstance("i-1", KIND.type, "a", spot=True))
    assert ec2.slept == []
