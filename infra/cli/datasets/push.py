"""``visionflow data push``: labelled images on this computer go into a dataset, in the bucket."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from infra.cli.command_line import add_api_command
from infra.cli.datasets.sending import Offered, Sent, send_all, wait
from infra.cli.endpoints import api_client
from infra.client.datasets import DatasetClient
from infra.client.image_upload import put_image
from training.cli.options import Commands, answer
from training.data.sources.collect import LINEAGE_FILE, copies_in
from training.data.sources.imports import LabelledFile, find_images
from training.texts.terminal import say


def add_parsers(data_steps: Commands) -> None:
    """Add ``push`` to the steps of ``data``."""
    summary = "Send labelled images to a dataset; run again, it goes on where it ended."
    parser = add_api_command(data_steps, "push", _push, summary)
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="class folders, or train/val/test with them; a .zip of these; or a .csv or .jsonl "
        "with the columns file_name, label and, if there are any, part",
    )
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="the dataset, made if it is not there"
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="until every image that was sent was looked at, and say the result",
    )


def _push(arguments: argparse.Namespace) -> int:
    dataset = DatasetClient(api_client(arguments), arguments.dataset)
    with tempfile.TemporaryDirectory() as unpacked:
        found = find_images(arguments.source, Path(unpacked))
        copies = _copies(arguments.source, Path(unpacked))
        sent, named = send_all(dataset, list(map(_offered, found)), copies)
    if arguments.wait:
        wait(dataset, sent, named)
    answer(arguments, sent, lambda: _print(sent, len(found)))
    return 1 if sent.unreadable or sent.erased else 0


def _copies(source: Path, unpacked: Path) -> dict[str, str]:
    """What ``visionflow data collect`` wrote of the images: beside a table, in a folder or a zip.
    Raises `DatasetError`."""
    above = source if source.is_dir() else source.parent
    beside = (
        unpacked.rglob(LINEAGE_FILE) if source.suffix.lower() == ".zip" else [above / LINEAGE_FILE]
    )
    files = [file for file in beside if file.is_file()]
    return {
        key: of for file in files for key, of in copies_in(file.read_bytes(), str(file)).items()
    }


def _offered(image: LabelledFile) -> Offered:
    def send(form: dict[str, Any], _sha256: str) -> None:
        put_image(form["url"], form["headers"], image.file.read_bytes(), lambda _: None)

    return Offered(
        str(image.file),
        image.file.stat().st_size,
        image.label,
        image.part,
        image.file.read_bytes,
        send,
    )


def _print(sent: Sent, found: int) -> None:
    say(
        f"{sent.dataset}: {found} images found, {sent.sent} sent, {sent.known} there before, "
        f"{sent.duplicates} found twice, {len(sent.unreadable)} cannot be sent, "
        f"{len(sent.erased)} erased."
    )
    sent.say_curated()
