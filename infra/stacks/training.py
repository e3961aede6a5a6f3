"""Training on rented machines: network, machine, state machine. Costs nothing while idle."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size, log_group_of
from infra.constructs.training_job.life import TrainingJobLife, jobs_function
from infra.constructs.training_job.machine import TrainingMachine, TrainingNetwork
from infra.packaging.assets import Assets
from infra.stacks.data import DataStack
from infra.stages import StageConfig
from lambdas.jobs.settings import JobsSettings
from lambdas.publish.settings import PublishSettings
from visionflow.costs.estimate import MB_PER_VCPU
from visionflow.jobs.folder import FOLDER
from visionflow.jobs.settings import JobControlSettings


class TrainingStack(Stack):
    """What a training job needs beside its data.

    Attributes:
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
        package = Package.of(self, assets, stage)
        stores, job_stores = data.stores, data.job_stores
        log_group = log_group_of(self, "MachineLogs", stage=stage)
        network = TrainingNetwork(self, "Network")
        machine = TrainingMachine(
            self,
            "Machine",
            stage=stage,
            network=network,
            bundle=assets.training_bundle,
            stores=job_stores,
            log_group=log_group,
        )
        jobs = jobs_function(
            self,
            stage=stage,
            package=package,
            settings=JobsSettings(
                jobs_table=job_stores.records.table_name,
                datasets_bucket=job_stores.datasets.bucket_name,
                launch_template=str(machine.launch_template.launch_template_id),
                job_subnets=",".join(subnet.subnet_id for subnet in network.vpc.public_subnets),
                image_parameter=stage.job_image_parameter,
                job_role_id=machine.role.role_id,
                watch_seconds=stage.job_watch_seconds,
                usage_table=stores.usage.table_name,
            ),
            machine=machine,
            network=network,
        )
        job_stores.records.allow_control(jobs.execution_role)
        stores.usage.allow_see(jobs.execution_role)
        job_stores.datasets.allow_list(jobs.execution_role)
        # It has no right to machines, as the function above has none to models.
        publish = ServiceFunction(
            self,
            "Publish",
            stage=stage,
            package=package,
            size=Size(memory_mb=MB_PER_VCPU, timeout=Duration.minutes(5)),
            environment=PublishSettings(
                jobs_table=job_stores.records.table_name,
                jobs_bucket=job_stores.folders.bucket_name,
                models_bucket=stores.models.bucket_name,
                registry_table=stores.registry.table_name,
                audit_table=stores.audit.table_name,
            ).to_env(),
        )
        role = publish.execution_role
        job_stores.records.allow_get(role)
        job_stores.folders.allow_read(role, prefix=FOLDER)
        stores.models.allow_read(role)
        stores.models.allow_put(role, prefix="models/")
        stores.registry.allow_read(role)
        stores.registry.allow_move(role)
        stores.audit.allow_add(role)
        self._stores = job_stores
        self.life = TrainingJobLife(self, "JobLife", stage=stage, jobs=jobs, publish=publish)

        self.control_settings = JobControlSettings(
            jobs_table=job_stores.records.table_name,
            datasets_bucket=job_stores.datasets.bucket_name,
            job_state_machine=self.life.state_machine.state_machine_arn,
        )

        CfnOutput(self, "JobStateMachine", value=self.life.state_machine.state_machine_arn)
        CfnOutput(self, "JobRole", value=machine.role.role_arn)
        CfnOutput(self, "JobLogGroup", value=log_group.log_group_name)

    def allow_control(self, role: iam.Role) -> None:
        """Let `role` start, stop and list jobs, and list the datasets."""
        self._stores.records.allow_control(role, listing=True)
        self._stores.datasets.allow_list(role)
        allow(role, "states:StartExecution", on=[self.life.state_machine.state_machine_arn])
