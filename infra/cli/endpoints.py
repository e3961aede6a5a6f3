"""Where a stage is reached: the local cloud, or a stage on AWS as its stacks describe it."""

import argparse
import getpass
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from infra.cli.command_line import workspace_of
from infra.errors import CommandError
from infra.local_cloud.emulator import ClientOptions, Emulator
from infra.local_cloud.outputs import DataNames, TrainingNames, named, read_outputs
from infra.local_cloud.presence import present
from infra.stages import LOCAL, stage_named
from lambdas.outcomes import status_of
from visionflow.access.audit import AuditLog, Outcome
from visionflow.client.connection import Connection
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.images.store import ImageStore
from visionflow.insights.erasure import ErasedList
from visionflow.jobs.control import JobControl
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.store import JobStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.reviews import ReviewStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


# The variable whose key the commands send that call the API of a stage on AWS.
API_KEY = "VISIONFLOW_API_KEY"


@dataclass(frozen=True)
class Endpoints:
    """One deployed stage. Names and clients are looked up and made when they are first used.

    ``cloud`` is the emulator of the local cloud, None on AWS.
    """

    _read_data: Callable[[], DataNames]
    _read_training: Callable[[], TrainingNames]
    cloud: Emulator | None

    @cached_property
    def data(self) -> DataNames:
        return self._read_data()

    @cached_property
    def training(self) -> TrainingNames:
        return self._read_training()

    @property
    def options(self) -> ClientOptions:
        """Keyword arguments of every boto3 client."""
        return self.cloud.client_options if self.cloud else {}

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", **self.options)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", **self.options)

    @cached_property
    def images(self) -> ImageStore:
        return ImageStore(self.data.images_bucket, self.s3)

    @cached_property
    def models(self) -> ModelStore:
        return ModelStore(self.data.models_bucket, self.s3)

    @cached_property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(self.data.registry_table, self.dynamodb)

    @cached_property
    def reviews(self) -> ReviewStore:
        return ReviewStore(self.data.predictions_table, self.data.insights_table, self.dynamodb)

    @cached_property
    def erased(self) -> ErasedList:
        return ErasedList(self.data.insights_table, self.dynamodb)

    def change(self, action: str, subject: str) -> AbstractContextManager[Outcome]:
        """Around a change that this command makes with the user's own AWS credentials and not
        through the API: it is in the audit trail all the same."""
        by = self.caller()
        log = AuditLog(self.data.audit_table, self.dynamodb)
        return log.change(by, by, f"visionflow {action}", subject, status_of)

    @cached_property
    def jobs(self) -> JobStore:
        return JobStore(self.training.jobs_table, self.dynamodb)

    @cached_property
    def job_folders(self) -> JobFolders:
        return JobFolders(self.training.jobs_bucket, self.s3)

    @cached_property
    def job_control(self) -> JobControl:
        states = boto3.client("stepfunctions", **self.options)
        return JobControl(
            self.jobs,
            self.job_folders,
            states,
            self.training.job_state_machine,
            on_aws=self.cloud is None,
        )

    @cached_property
    def datasets(self) -> DatasetStore:
        return DatasetStore(self.training.datasets_table, self.dynamodb)

    @cached_property
    def dataset_versions(self) -> VersionStore:
        return VersionStore(self.training.datasets_bucket, self.s3, self.datasets)

    def caller(self) -> str:
        """Who uses these clients, as a history of moves names them."""
        if self.cloud is None:
            arn: str = boto3.client("sts").get_caller_identity()["Arn"]
            return arn
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            # In a container the process may run under a number that has no name.
            return f"user {os.getuid()}"


def endpoints(arguments: argparse.Namespace) -> Endpoints:
    """The stage that ``--stage`` names. Raises `CommandError` when the local cloud is not running;
    that a stage on AWS is not deployed shows when a name of it is looked up."""
    if arguments.stage != LOCAL.name:
        return _on_aws(arguments.stage)
    workspace = workspace_of(arguments)
    running = present(workspace)
    outputs = read_outputs(workspace.outputs)
    return Endpoints(lambda: outputs, lambda: outputs, running)


def api_client(arguments: argparse.Namespace, *, needs_key: bool = True) -> Connection:
    """The API that ``--api-url`` or ``--stage`` names; on AWS with the key of the environment.
    ``needs_key``: whether what is called has no answer for strangers.

    Raises `CommandError` when the stage is not there, or on AWS without a key.
    """
    # A file ends with a line break.
    key = os.environ.get(API_KEY, "").strip() or None
    if arguments.api_url is not None:
        return Connection(arguments.api_url.rstrip("/"), key)
    if arguments.stage == LOCAL.name:
        workspace = workspace_of(arguments)
        if not workspace.outputs.exists():
            present(workspace)
        return Connection(read_outputs(workspace.outputs).api_url)
    if needs_key and not key:
        raise CommandError(
            f"Set {API_KEY} to an API key; an admin makes one on the dashboard's page of keys, or "
            "with 'visionflow keys create'."
        )
    return Connection(stack_output(arguments.stage, "Service", "ApiUrl"), key)


def stack_output(stage: str, stack: str, name: str) -> str:
    """An output of a stack of a stage on AWS, such as ``ApiUrl`` of ``Service``.

    Raises `CommandError` when the stack is not there, or is older than the output.
    """
    found = _stack_outputs(f"VisionFlow-{stage_named(stage).title}-{stack}", stage)
    if name not in found:
        raise CommandError(
            f"Stage {stage} was deployed before it had an output {name}; deploy it again with "
            f"'visionflow deploy --stage {stage}'."
        )
    return found[name]


def _on_aws(stage: str) -> Endpoints:
    def outputs(*stacks: str) -> dict[str, str]:
        title = stage_named(stage).title
        found = (_stack_outputs(f"VisionFlow-{title}-{stack}", stage) for stack in stacks)
        return {name: value for outputs in found for name, value in outputs.items()}

    return Endpoints(
        lambda: named(DataNames, outputs("Data"), stage),
        lambda: named(TrainingNames, outputs("Data", "Training"), stage),
        None,
    )


def _stack_outputs(stack: str, stage: str) -> dict[str, str]:
    try:
        (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(
            f"Stack {stack} does not exist in this account and region; deploy it first with "
            f"'visionflow deploy --stage {stage}'."
        ) from None
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
