"""The commands ``data inspect``, ``fetch``, ``import`` and ``flowers``, to be mounted on
``visionflow``.

NumPy, Pillow and SciPy are imported when a command runs, not when the command line is read.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from training.cli.options import add_command, add_group, add_group_by, add_json, answer
from training.texts.terminal import say, say_json

if TYPE_CHECKING:
    from training.cli.options import Commands
    from training.inspection.inspection import Inspection

JSON_FILE = "inspection.json"
PAGE_FILE = "inspection.html"
SHEET_FILE = "contact_sheet.jpg"
_CACHE = Path(".visionflow", "data")


def add_parsers(commands: "Commands") -> "Commands":
    """Add ``data``; each of its steps sets ``run``, from its arguments to the exit code.

    Returns the steps, for others to join.
    """
    steps = add_group(
        commands, "data", "Inspect, download, import, draw, collect or push a dataset."
    )
    _add_inspect(steps)
    _add_fetch(steps)
    _add_import(steps)
    _add_flowers(steps)
    return steps


def _add_inspect(steps: "Commands") -> None:
    summary = (
        "Report counts, unreadable files, duplicates, groups and suspicious labels, with advice."
    )
    parser = add_command(steps, "inspect", _inspect, summary)
    parser.add_argument(
        "data", help="folder of class folders, or of train/val/test; or s3://bucket/prefix"
    )
    add_group_by(parser)
    add_json(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page to this file")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"write {JSON_FILE}, {PAGE_FILE} and {SHEET_FILE} into this folder",
    )
    parser.add_argument(
        "--cache", type=Path, default=_CACHE, help="folder for images from S3, and features"
    )


def _add_fetch(steps: "Commands") -> None:
    summary = "Download a dataset that torchvision knows, as class folders."
    parser = add_command(steps, "fetch", _fetch, summary)
    parser.add_argument("name", help="such as cifar10; an unknown name lists all")
    parser.add_argument("--out", type=Path, required=True, help="folder of the dataset")
    add_json(parser)


def _add_import(steps: "Commands") -> None:
    summary = "Write an archive, a table or another service's export as class folders."
    parser = add_command(steps, "import", _import, summary)
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a .zip or .tar of class folders, also in s3://; a .csv or .jsonl with the columns "
        "file_name, label and, if there are any, part; or an export of SageMaker Ground "
        "Truth, Rekognition Custom Labels, Azure Custom Vision, Roboflow or Label Studio, with "
        "the images beside it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the dataset")
    add_json(parser)


def _add_flowers(steps: "Commands") -> None:
    summary = "Draw a dataset of five kinds of flowers."
    parser = add_command(steps, "flowers", _flowers, summary)
    parser.add_argument("--out", type=Path, required=True, help="folder of the dataset")
    parser.add_argument("--images", type=int, default=200, help="images per kind (default: 200)")
    parser.add_argument("--size", type=int, default=96, help="side in pixels (default: 96)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all images (default: 1)")
    add_json(parser)


def _inspect(arguments: argparse.Namespace) -> int:
    from training.data.sources.dataset_folder import dataset_folder  # noqa: PLC0415
    from training.inspection.inspection import inspect_folder, to_text  # noqa: PLC0415

    folder = dataset_folder(arguments.data, arguments.cache)
    inspection = inspect_folder(folder, arguments.group_by or "auto", arguments.cache)
    _write_files(inspection, arguments)
    if arguments.json:
        say_json(inspection.to_json())
    else:
        say(to_text(inspection))
    return 0


def _write_files(inspection: "Inspection", arguments: argparse.Namespace) -> None:
    from training.inspection.contact_sheet import draw_sheet, jpeg  # noqa: PLC0415
    from training.inspection.inspection_page import page  # noqa: PLC0415

    out: Path | None = arguments.out
    pages = [path for path in (arguments.html, out and out / PAGE_FILE) if path]
    html = page(inspection).encode() if pages else b""
    for path in pages:
        _write(path, html)
    if out:
        contents = inspection.contents
        chosen = {entry.label: entry.examples for entry in contents.classes}
        _write(out / JSON_FILE, inspection.to_json().encode())
        _write(out / SHEET_FILE, jpeg(draw_sheet(Path(contents.folder), chosen)))


def _write(path: Path, content: bytes) -> None:
    from training.data.sources.whole_folder import write_file  # noqa: PLC0415

    write_file(path, content)
    say(f"Written: {path}", file=sys.stderr)


def _fetch(arguments: argparse.Namespace) -> int:
    from training.data.sources.fetch import fetch  # noqa: PLC0415

    return _say(arguments, fetch(arguments.name, arguments.out))


def _import(arguments: argparse.Namespace) -> int:
    from training.data.sources.dataset_folder import local_source  # noqa: PLC0415
    from training.data.sources.imports import import_images  # noqa: PLC0415

    imported = import_images(local_source(arguments.source, _CACHE), arguments.out)
    for note in imported.notes:
        say(note, file=sys.stderr)
    if imported.unlabelled:
        say(f"{imported.unlabelled} images have no label and were left out.", file=sys.stderr)
    return _say(arguments, imported.made)


def _flowers(arguments: argparse.Namespace) -> int:
    from training.data.sources.flowers import write_flowers  # noqa: PLC0415

    made = write_flowers(arguments.out, arguments.images, arguments.size, arguments.seed)
    return _say(arguments, made)


def _say(arguments: argparse.Namespace, made: bool) -> int:
    folder = arguments.out
    text = f"The dataset is in {folder}." if made else f"{folder} holds this dataset already."
    answer(arguments, {"folder": str(folder), "made": made}, lambda: say(text))
    return 0
