"""Where models are published: the local cloud, or a stage on AWS as its data stack describes it."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import emulator
from infra.errors import CommandError
from infra.outputs import read_outputs
from infra.stages import LOCAL, stage_named
from infra.workspace import Workspace
from training.publish import Target
from visionflow.model_registry import ModelRegistry
from visionflow.model_store import ModelStore


def model_target(stage: str, workspace: Workspace) -> Target:
    """Raises `CommandError` when the stage is not deployed."""
    return _local_target(workspace) if stage == LOCAL.name else _aws_target(stage)


@contextmanager
def aws_sentences() -> Iterator[None]:
    """Whatever AWS or the way there refuses inside the block is a `CommandError`."""
    try:
        yield
    except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error) as error:
        raise CommandError(f"AWS did not do it: {error}") from error


def _local_target(workspace: Workspace) -> Target:
    running = emulator.running(workspace)
    if running is None:
        raise CommandError("No local cloud is running; start one with 'visionflow up'.")
    outputs = read_outputs(workspace.outputs)
    return Target(
        ModelStore(outputs.models_bucket, boto3.client("s3", **running.client_options)),
        ModelRegistry(outputs.registry_table, boto3.client("dynamodb", **running.client_options)),
        caller=_user,
    )


def _aws_target(stage: str) -> Target:
    stack = f"VisionFlow-{stage_named(stage).title}-Data"
    outputs = _stack_outputs(stack)
    try:
        bucket, table = outputs["ModelsBucket"], outputs["RegistryTable"]
    except KeyError as error:
        raise CommandError(
            f"Stack {stack} has no output {error}; deploy it again with "
            f"'visionflow deploy --stage {stage}'."
        ) from None
    return Target(
        ModelStore(bucket, boto3.client("s3")),
        ModelRegistry(table, boto3.client("dynamodb")),
        caller=lambda: boto3.client("sts").get_caller_identity()["Arn"],
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # In a container the process may run under a number that has no name.
        return f"user {os.getuid()}"


def _stack_outputs(stack: str) -> dict[str, str]:
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
