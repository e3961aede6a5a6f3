"""What is deployed: the local cloud, or a stage on AWS as its data stack describes it."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import CommandError
from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from infra.stages import LOCAL, stage_named

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Deployed:
    """Names of the data stack's resources, clients for them, and who is using these clients."""

    images_bucket: str
    models_bucket: str
    predictions_table: str
    registry_table: str
    insights_table: str
    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    caller: Callable[[], str]


def deployed(stage: str, workspace: Workspace) -> Deployed:
    """Raises `CommandError` when the stage is not deployed."""
    return _local(workspace) if stage == LOCAL.name else _on_aws(stage)


@contextmanager
def aws_sentences() -> Iterator[None]:
    """Whatever AWS or the way there refuses inside the block is a `CommandError`."""
    try:
        yield
    except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error) as error:
        raise CommandError(f"AWS did not do it: {error}") from error


def _local(workspace: Workspace) -> Deployed:
    running = emulator.running(workspace)
    if running is None:
        raise CommandError("No local cloud is running; start one with 'visionflow up'.")
    outputs = read_outputs(workspace.outputs)
    return Deployed(
        images_bucket=outputs.images_bucket,
        models_bucket=outputs.models_bucket,
        predictions_table=outputs.predictions_table,
        registry_table=outputs.registry_table,
        insights_table=outputs.insights_table,
        s3=boto3.client("s3", **running.client_options),
        dynamodb=boto3.client("dynamodb", **running.client_options),
        caller=_user,
    )


def _on_aws(stage: str) -> Deployed:
    stack = f"VisionFlow-{stage_named(stage).title}-Data"
    outputs = stack_outputs(stack)
    try:
        return Deployed(
            images_bucket=outputs["ImagesBucket"],
            models_bucket=outputs["ModelsBucket"],
            predictions_table=outputs["PredictionsTable"],
            registry_table=outputs["RegistryTable"],
            insights_table=outputs["InsightsTable"],
            s3=boto3.client("s3"),
            dynamodb=boto3.client("dynamodb"),
            caller=lambda: boto3.client("sts").get_caller_identity()["Arn"],
        )
    except KeyError as error:
        raise CommandError(
            f"Stack {stack} has no output {error}; deploy it again with "
            f"'visionflow deploy --stage {stage}'."
        ) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # In a container the process may run under a number that has no name.
        return f"user {os.getuid()}"


def stack_outputs(stack: str) -> dict[str, str]:
    cloudformation = boto3.client("cloudformation")
    try:
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(
            f"Stack {stack} does not exist in this account and region; deploy it first with "
            "'visionflow deploy'."
        ) from None
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
