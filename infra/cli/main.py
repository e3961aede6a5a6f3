"""The command line: ``visionflow <command>``."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from infra.cli import api, cloud, collect, cost, models, publish
from infra.cli.jobs import commands as jobs
from infra.errors import CommandError
from training.cli import experiments as training_commands
from training.cli import runs
from visionflow.errors import VisionFlowError

_TRAINING_PACKAGES = {
    *("torch", "torchvision", "onnx", "onnxscript"),
    *("jinja2", "matplotlib", "mlflow", "optuna", "sklearn", "tqdm"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. A failure is one sentence on stderr and code 1."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        parsed = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = parsed.run
        return run(parsed)
    except (CommandError, VisionFlowError) as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in _TRAINING_PACKAGES:
            raise
        return _fail(f"{error.name} is not installed; training needs the extra 'train'.")
    except KeyboardInterrupt:
        return _fail("interrupted.", code=130)
    except BrokenPipeError:
        # The reader of the pipe has seen enough; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A full disk, a folder that belongs to somebody else: the user's to mend.
        return _fail(f"{error.filename or 'error'}: {error.strerror or error}.")


def _fail(sentence: str, code: int = 1) -> int:
    print(f"visionflow: {sentence}", file=sys.stderr)
    return code


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does: whatever it started is ended with it."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="visionflow", description="Serverless image classification in your own AWS account."
    )
    commands = parser.add_subparsers(metavar="command", required=True)
    cloud.add_parsers(commands)
    api.add_parsers(commands)
    cost.add_parsers(commands)
    collect.add_parsers(training_commands.add_parsers(commands))
    runs.add_parsers(commands)
    publish.add_parsers(commands)
    models.add_parsers(commands)
    jobs.add_parsers(commands)
    return parser
