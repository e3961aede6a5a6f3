"""Training on rented machines: network, machine, state machine. Costs nothing between two jobs."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.service_function import (
    RUNTIME,
    Package,
    architecture_of,
    log_group_of,
    zip_code,
)
from infra.constructs.training_job_data import allow
from infra.constructs.training_job_life import TrainingJobLife, jobs_function, publish_function
from infra.constructs.training_job_machine import TrainingMachine, TrainingNetwork
from infra.packaging.assets import Assets
from infra.stacks.data import DataStack
from infra.stages import StageConfig
from lambdas.jobs.settings import JobsSettings
from lambdas.publish.settings import PublishSettings
from visionflow.jobs.folder import FOLDER
from visionflow.jobs.settings import JobControlSettings


class TrainingStack(Stack):
    """What a training job needs besides its data.

    Attributes:
        life: the state machine.
        control_settings: environment of a function that starts and stops jobs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        assets: Assets,
        data: DataStack,
    ) -> None:
        super().__init__(scope, construct_id)
        layers = {"Common": assets.common_layer, "Runtime": assets.runtime_layer}
        package = Package(
            code=zip_code(assets.code),
            layers=[
                lambda_.LayerVersion(
                    self,
                    f"{name}Layer",
                    code=zip_code(layer),
                    compatible_runtimes=[RUNTIME],
                    compatible_architectures=[architecture_of(stage)],
                )
                for name, layer in layers.items()
            ],
        )
        log_group = log_group_of(self, "MachineLogs", stage=stage)
        network = TrainingNetwork(self, "Network")
        machine = TrainingMachine(
            self,
            "Machine",
            stage=stage,
            network=network,
            bundle=assets.training_bundle,
            data=data,
            log_group=log_group,
        )
        jobs = jobs_function(
            self,
            stage=stage,
            package=package,
            settings=JobsSettings(
                jobs_table=data.jobs.table_name,
                jobs_bucket=data.job_folders.bucket_name,
                datasets_bucket=data.datasets.bucket_name,
                launch_template=str(machine.launch_template.launch_template_id),
                job_subnets=",".join(subnet.subnet_id for subnet in network.vpc.public_subnets),
                image_parameter=stage.job_image_parameter,
                job_role_id=machine.role.role_id,
                watch_seconds=stage.job_watch_seconds,
            ),
            machine=machine,
            network=network,
        )
        data.jobs.allow_control(jobs.execution_role)
        data.datasets.allow_list(jobs.execution_role)
        publish = publish_function(
            self,
            stage=stage,
            package=package,
            settings=PublishSettings(
                jobs_table=data.jobs.table_name,
                jobs_bucket=data.job_folders.bucket_name,
                models_bucket=data.models.bucket_name,
                registry_table=data.registry.table_name,
            ),
        )
        role = publish.execution_role
        data.jobs.allow_get(role)
        data.job_folders.allow_get(role, prefix=FOLDER)
        data.job_folders.allow_list(role)
        data.models.allow_get(role)
        data.models.allow_list(role)
        data.models.allow_put(role, prefix="models/")
        data.registry.allow_read(role)
        data.registry.allow_move(role)
        self._data = data
        self.life = TrainingJobLife(self, "JobLife", stage=stage, jobs=jobs, publish=publish)

        self.control_settings = JobControlSettings(
            jobs_table=data.jobs.table_name,
            datasets_bucket=data.datasets.bucket_name,
            job_state_machine=self.life.state_machine.state_machine_arn,
        )

        CfnOutput(self, "JobStateMachine", value=self.life.state_machine.state_machine_arn)
        CfnOutput(self, "JobRole", value=machine.role.role_arn)
        CfnOutput(self, "JobLogGroup", value=log_group.log_group_name)

    def allow_control(self, role: iam.Role) -> None:
        """Let `role` start, stop and list jobs, and see which data sets there are."""
        self._data.jobs.allow_control(role, listing=True)
        self._data.datasets.allow_list(role)
        allow(role, "states:StartExecution", on=[self.life.state_machine.state_machine_arn])
