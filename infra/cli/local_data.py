"""Commands that read ``s3://`` without a stage, such as `train`: a bucket of the local cloud is
read there, with its credentials, whatever the environment says of AWS."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from visionflow.addresses import SCHEME, object_of


@contextmanager
def local_buckets(arguments: argparse.Namespace) -> Iterator[None]:
    """Everything in the block, child processes too, reaches the local cloud where ``arguments``
    name one of its buckets. Raises `CommandError` where that does not answer."""
    named = {object_of(text)[0] for text in _texts(arguments) if text.startswith(SCHEME)}
    environment = _environment(arguments, named) if named else None
    if environment is None:
        yield
        return
    from infra.local_cloud.deployment import without_aws_settings  # noqa: PLC0415

    before = dict(os.environ)
    for name in before.keys() - without_aws_settings().keys():
        del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        for name in environment:
            os.environ.pop(name, None)
        os.environ.update({name: before[name] for name in before if name.startswith("AWS_")})


def _environment(arguments: argparse.Namespace, named: set[str]) -> dict[str, str] | None:
    # Most commands name no bucket, and answer without what this takes.
    from infra.local_cloud.outputs import read_outputs  # noqa: PLC0415
    from infra.local_cloud.presence import present  # noqa: PLC0415
    from infra.packaging.workspace import DEFAULT_STATE, Workspace  # noqa: PLC0415
    from infra.stages import LOCAL  # noqa: PLC0415

    if getattr(arguments, "stage", LOCAL.name) != LOCAL.name:
        return None
    named_state: Path | None = getattr(arguments, "state", None)
    state = named_state or Path(os.environ.get("VISIONFLOW_STATE", DEFAULT_STATE))
    workspace = Workspace(state=state.resolve())
    if not workspace.outputs.exists():
        return None
    outputs = asdict(read_outputs(workspace.outputs))
    if named.isdisjoint(name for field, name in outputs.items() if field.endswith("_bucket")):
        return None
    return present(workspace).client_environment


def _texts(arguments: argparse.Namespace) -> Iterator[str]:
    for value in vars(arguments).values():
        values = value if isinstance(value, list) else [value]
        yield from (text for text in values if isinstance(text, str))
