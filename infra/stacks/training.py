"""Training: in functions within minutes, and on rented machines. Costs nothing while idle."""

import json
from dataclasses import asdict

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import Size as Storage
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.instant_training.machine import (
    InstantTraining,
    embed_function,
    instant_function,
)
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.training_job.life import TrainingJobLife, jobs_function
from infra.constructs.training_job.machine import TrainingMachine, TrainingNetwork
from infra.packaging.assets import Assets
from infra.stacks.data import DataStack
from infra.stages import StageConfig
from lambdas.jobs.settings import JobsSettings
from lambdas.publish.settings import PublishSettings
from visionflow.costs.amounts import MB_PER_VCPU
from visionflow.jobs.folder import FOLDER, REPORT_FILE, SEALED
from visionflow.jobs.settings import JobControlSettings


class TrainingStack(Stack):
    """What a training job needs beside its data.

    Attributes:
        control_settings: environment of a function that starts and stops jobs.
        instant: trains within minutes, on images of a dataset.
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
        gate = json.dumps(asdict(stage.gate))
        network = TrainingNetwork(self, "Network")
        machine = TrainingMachine(
            self,
            "Machine",
            stage=stage,
            network=network,
            bundle=assets.training_bundle,
            stores=job_stores,
        )
        jobs = jobs_function(
            self,
            stage=stage,
            package=package,
            settings=JobsSettings(
                jobs_table=job_stores.records.table_name,
                jobs_bucket=job_stores.folders.bucket_name,
                datasets_bucket=job_stores.datasets.bucket_name,
                launch_template=str(machine.launch_template.launch_template_id),
                job_subnets=",".join(subnet.subnet_id for subnet in network.vpc.public_subnets),
                image_parameter=stage.job_image_parameter,
                job_role_id=machine.role.role_id,
                watch_seconds=stage.job_watch_seconds,
                usage_table=stores.usage.table_name,
                gate=gate,
                datasets_table=stores.datasets_table.table_name,
                on_aws=int(stage.on_aws),
                region=Aws.REGION,
            ),
            machine=machine,
            network=network,
        )
        job_stores.records.allow_control(jobs.execution_role)
        # What it may read, a link that it signs opens to a machine.
        job_stores.datasets.allow_read(jobs.execution_role)
        stores.datasets_table.allow_versions(jobs.execution_role)
        job_stores.folders.allow_read(jobs.execution_role, prefix=FOLDER)
        job_stores.folders.allow_put(jobs.execution_role, prefix=FOLDER)
        job_stores.folders.allow_get(jobs.execution_role, prefix=SEALED)
        job_stores.folders.allow_put(jobs.execution_role, prefix=SEALED)
        stores.usage.allow_see(jobs.execution_role)
        # It has no right to machines, as the function above has none to models.
        publish = ServiceFunction(
            self,
            "Publish",
            stage=stage,
            package=package,
            # It opens what a machine has made, in a process with its own caps.
            size=Size(
                memory_mb=2 * MB_PER_VCPU,
                timeout=Duration.minutes(15),
                disk=Storage.gibibytes(6),
            ),
            environment=PublishSettings(
                jobs_table=job_stores.records.table_name,
                jobs_bucket=job_stores.folders.bucket_name,
                models_bucket=stores.models.bucket_name,
                registry_table=stores.registry.table_name,
                audit_table=stores.audit.table_name,
                gate=gate,
                datasets_bucket=job_stores.datasets.bucket_name,
                datasets_table=stores.datasets_table.table_name,
            ).to_env(),
        )
        role = publish.execution_role
        job_stores.records.allow_get(role)
        job_stores.folders.allow_read(role, prefix=FOLDER)
        job_stores.folders.allow_get(role, prefix=SEALED)
        job_stores.datasets.allow_read(role)
        stores.datasets_table.allow_versions(role)
        stores.datasets_table.allow_made(role)
        stores.models.allow_read(role)
        stores.models.allow_put(role, prefix="models/")
        stores.registry.allow_read(role)
        stores.registry.allow_move(role)
        stores.audit.allow_add(role)
        self._stores = job_stores
        self.life = TrainingJobLife(self, "JobLife", stage=stage, jobs=jobs, publish=publish)

        self.control_settings = JobControlSettings(
            jobs_table=job_stores.records.table_name,
            jobs_bucket=job_stores.folders.bucket_name,
            datasets_bucket=job_stores.datasets.bucket_name,
            job_state_machine=self.life.machine.state_machine_arn,
            on_aws=int(stage.on_aws),
        )

        self.instant = InstantTraining(
            self,
            "InstantTraining",
            stage=stage,
            embed=embed_function(
                self,
                stage=stage,
                package=package.with_layer(self, "Starter", assets.starter_layer, stage),
                stores=stores,
                job_stores=job_stores,
            ),
            instant=instant_function(
                self,
                stage=stage,
                package=Package.of_training(self, assets, stage),
                stores=stores,
                job_stores=job_stores,
                curation_queue=data.curation_queue.queue,
            ),
            job_stores=job_stores,
        )

        CfnOutput(self, "JobStateMachine", value=self.life.machine.state_machine_arn)
        CfnOutput(self, "JobRole", value=machine.role.role_arn)

    def allow_control(self, role: iam.Role) -> None:
        """Let `role` start, stop and list jobs, and list the datasets."""
        self._stores.records.allow_control(role, listing=True)
        self._stores.folders.allow_get(role, prefix=FOLDER, ending=f"/{REPORT_FILE}")
        self._stores.folders.allow_list(role)
        self._stores.datasets.allow_list(role)
        self.life.allow_start(role)
