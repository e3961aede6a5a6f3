"""What the groups of commands share: their common options and the way they print."""

import argparse
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.packaging.workspace import DEFAULT_STATE, Workspace

if TYPE_CHECKING:
    # What `ArgumentParser.add_subparsers` returns; argparse has no public name for it.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        default=Path(os.environ.get("VISIONFLOW_STATE", DEFAULT_STATE)),
        help="state of the local cloud (default: .visionflow of the project, or $VISIONFLOW_STATE)",
    )
    return parser


def workspace_of(arguments: argparse.Namespace) -> Workspace:
    state: Path = arguments.state
    return Workspace(state=state.resolve())


def print_json(data: object) -> None:
    print(json.dumps(data, ensure_ascii=False), flush=True)


PREDICTION_HEADER = ("IMAGE", "ANSWER", "CONFIDENCE", "STATUS", "MODEL", "TOOK")


def prediction_row(prediction: dict[str, Any], image: str | None = None) -> tuple[str, ...]:
    """Cells under `PREDICTION_HEADER`; ``image`` replaces the object's key."""
    model, error, confidence = prediction["model"], prediction["error"], prediction["confidence"]
    return (
        image or prediction["image"]["key"],
        error["code"] if error else prediction["label"],
        "" if confidence is None else f"{confidence:.1%}",
        prediction["status"],
        f"{model['name']} {model['version']}" if model else "",
        f"{sum(prediction['timings'].values()):.0f} ms",
    )


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Left-aligned columns, each as wide as its widest cell."""
    cells = [list(row) for row in rows]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)
        )
        print("  ".join(padded).rstrip(), flush=True)


def _columns(text: str) -> int:
    """What ``text`` takes of a terminal's line: a Korean letter takes two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
