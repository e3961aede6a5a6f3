"""The command line: ``visionflow <command>``."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

from infra.cli.account.region import chosen_region
from infra.cli.failures import FAILED, HELD_BACK, USAGE, sentence_of, tell, tell_usage
from infra.cli.local_data import local_buckets
from infra.cli.parsing.catalogue import add_all, add_one
from infra.cli.parsing.late import import_late
from infra.cli.parsing.parser import Parser, UsageError
from infra.cli.quiet import silence_others
from training.cli.options import Commands
from training.stop import end_on_signal, exit_code
from training.texts.terminal import result_alone_on_stdout, say
from visionflow.addresses import SCHEME
from visionflow.errors import GateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. A failure is one sentence on stderr and code 1.

    Without ``arguments`` this is the program, whose process it may change.
    """
    if arguments is None:
        import_late()
        silence_others()
    signal.signal(signal.SIGTERM, end_on_signal)
    given = spelled_out(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        return _run(given)
    except UsageError as error:
        tell_usage(error, as_json=as_json)
        return USAGE
    except KeyboardInterrupt as interruption:
        tell("interrupted", "interrupted.", as_json=as_json)
        return exit_code(interruption)
    except BrokenPipeError:
        # The reader of the pipe has seen enough; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        known = sentence_of(error)
        if known is None:
            raise
        tell(*known, as_json=as_json)
        return HELD_BACK if isinstance(error, GateError) else FAILED


def spelled_out(given: Sequence[str]) -> list[str]:
    """``backfill s3://...`` is its command ``start``."""
    if list(given[:1]) == ["backfill"] and any(word.startswith(SCHEME) for word in given):
        named = next(word for word in given[1:] if not word.startswith("-"))
        if named.startswith(SCHEME):
            return ["backfill", "start", *given[1:]]
    return list(given)


def _run(given: Sequence[str]) -> int:
    name = next((word for word in given if not word.startswith("-")), "")
    try:
        parsed = parser(name).parse_args(given)
    except SystemExit as done:
        # After --help or --version, whose text must be out before the pipe is looked at.
        sys.stdout.flush()
        return int(done.code or 0)
    run: Callable[[argparse.Namespace], int] = parsed.run
    with (
        chosen_region(getattr(parsed, "aws_region", None)),
        local_buckets(parsed),
        result_alone_on_stdout(),
    ):
        return run(parsed)


class _Version(argparse.Action):
    def __call__(self, *_: object, **__: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  as long as all of --help

        say(f"visionflow {version('visionflow')}")
        raise SystemExit(0)


def parser(name: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command ``name``, or of all; each command sets ``run``, a function from its
    arguments to the exit code."""
    top: argparse.ArgumentParser = Parser(
        prog="visionflow",
        description="Serverless image classification in your own AWS account. "
        "'visionflow COMMAND --help' explains a command.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands: Commands = top.add_subparsers(metavar="command", required=True)
    if name is None:
        add_all(commands)
    else:
        add_one(commands, name)
    return top
