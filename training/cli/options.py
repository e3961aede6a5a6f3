"""What all commands share: how one is added, its ``--json`` and ``--set``, and how it prints."""

import argparse
import json
import tomllib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from training.texts.terminal import columns, printable, say, say_json
from visionflow import strict
from visionflow.errors import ConfigError

# What `ArgumentParser.add_subparsers` returns; argparse has no public name for it.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run = Callable[[argparse.Namespace], int]


def add_command(commands: "Commands", name: str, run: Run, summary: str) -> argparse.ArgumentParser:
    """A command that calls ``run`` for its exit code. ``summary`` is a sentence, its verb first."""
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def add_group(commands: "Commands", name: str, summary: str) -> "Commands":
    """A command that consists of the commands added to the result."""
    parser = commands.add_parser(name, help=summary, description=summary)
    return parser.add_subparsers(metavar="command", required=True)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def add_set(parser: argparse.ArgumentParser, example: str = "scratch.epochs=3") -> None:
    """``--set``, which `fields_set` reads."""
    parser.add_argument(
        "--set",
        dest="fields",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help=f"a field of the config: --set {example}",
    )


def add_group_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--group-by",
        metavar="RULE",
        help="what keeps images in one part: auto, content, folder, prefix:REGEX, exif-minute or "
        "csv:FILE",
    )


def fields_set(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of all ``--set``; a bare word is a string. Raises `ConfigError`."""
    found = {}
    for assignment in arguments.fields:
        field, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: expected FIELD=VALUE")
        try:
            found[field.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[field.strip()] = value
    return found


def answer(arguments: argparse.Namespace, data: object, text: Callable[[], None]) -> None:
    """Print ``data`` as JSON where ``--json`` asks for it, and by ``text`` elsewhere."""
    if arguments.json:
        print_json(data)
    else:
        text()


def print_json(data: object) -> None:
    """Print one line of JSON, which is an object: a list stands in its ``items``, as in the API.
    A command prints one, or one for each of what comes after another."""
    found = strict.to_dict(data)
    document = {"items": found} if isinstance(found, list) else found
    say_json(json.dumps(document, ensure_ascii=False))


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Left-aligned columns, each as wide as its widest cell."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        )
        say("  ".join(padded).rstrip())
