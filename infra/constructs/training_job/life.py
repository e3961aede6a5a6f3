"""The state machine that owns a job's life, and the function that has its machines."""

import json

from aws_cdk import Duration, Stack
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.training_job.definition import DEFINITION
from infra.constructs.training_job.machine import TrainingMachine, TrainingNetwork, arns_of_launch
from infra.constructs.workflow import Workflow
from infra.stages import StageConfig
from lambdas.jobs.machines import JOB_TAG
from lambdas.jobs.settings import JobsSettings
from visionflow.costs.amounts import MB_PER_VCPU

_RUN_TIME = "The launch itself makes the resource, so its name is not known before."


class TrainingJobLife(Workflow):
    """Validate, launch, watch, publish, end. An execution is started once for each job, with
    `{"job_id": ...}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        jobs: ServiceFunction,
        publish: ServiceFunction,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            # In one line, so that the template stays readable.
            definition=json.dumps(json.loads(DEFINITION.read_text(encoding="utf-8"))),
            functions={"JobsFunction": jobs, "PublishFunction": publish},
            ended=jobs,
        )


def jobs_function(
    scope: Construct,
    *,
    stage: StageConfig,
    package: Package,
    settings: JobsSettings,
    machine: TrainingMachine,
    network: TrainingNetwork,
) -> ServiceFunction:
    """The function that launches and ends machines. It has no right to models."""
    function = ServiceFunction(
        scope,
        "Jobs",
        stage=stage,
        package=package,
        # Signing links to a large dataset is work for a processor.
        size=Size(memory_mb=MB_PER_VCPU, timeout=Duration.minutes(10)),
        environment=settings.to_env(),
        # It is what ends machines, and an error may leave one running.
        error_alarm=True,
    )
    role, stack = function.execution_role, Stack.of(scope)
    allow(
        role,
        "ec2:CreateFleet",
        "ec2:RunInstances",
        on=arns_of_launch(scope, machine, network) if stage.on_aws else ["*"],
        reason=_RUN_TIME if stage.on_aws else "The emulator knows no resource of a launch.",
    )
    instances = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:instance/*"
    allow(
        role,
        "ec2:CreateTags",
        on=[instances],
        reason="Only in the call that makes the machine.",
        conditions={"StringEquals": {"ec2:CreateAction": ["CreateFleet", "RunInstances"]}},
    )
    allow(
        role,
        "ec2:TerminateInstances",
        on=[instances],
        reason="Only machines that carry the tag of a training job.",
        # The emulator's IAM does not know the tags of a machine.
        conditions=({"StringLike": {f"aws:ResourceTag/{JOB_TAG}": "?*"}} if stage.on_aws else None),
    )
    # The action supports no ARN, although a quota has one.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
    allow(
        role,
        "ec2:DescribeInstances",
        "servicequotas:GetServiceQuota",
        on=["*"],
        reason="EC2's Describe calls and reading a quota know no resources.",
    )
    allow(
        role,
        "iam:PassRole",
        on=[machine.role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    )
    # Needed for the first spot machine of an account; AWS makes the role once.
    allow(
        role,
        "iam:CreateServiceLinkedRole",
        on=[
            f"arn:{stack.partition}:iam::{stack.account}:role/aws-service-role/"
            "spot.amazonaws.com/AWSServiceRoleForEC2Spot"
        ],
        conditions={"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
    )
    # Public parameters are AWS's own, of no account; the emulator's are the account's.
    owner = "" if stage.on_aws else stack.account
    allow(
        role,
        "ssm:GetParameter",
        on=[
            f"arn:{stack.partition}:ssm:{stack.region}:{owner}:parameter{settings.image_parameter}"
        ],
    )
    return function
