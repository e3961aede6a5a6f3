"""``visionflow data push``: labelled images on this computer go into a dataset, in the bucket."""

import argparse
import sys
import tempfile
from pathlib import Path

from infra.cli.command_line import add_api_command
from infra.cli.datasets.sending import Offered, Sent, send_all, wait
from infra.cli.endpoints import api_client
from training.cli.options import Commands, answer
from training.data.sources.collect import LINEAGE_FILE, copies_in
from training.data.sources.forms.entry import LabelledFile
from training.data.sources.forms.registry import read_source
from training.data.sources.imports import MANIFESTS, copies_in_table
from training.texts.terminal import say
from visionflow.client import answers
from visionflow.client.connection import Connection
from visionflow.client.routes.datasets import Dataset
from visionflow.client.uploads import put_image


def add_parsers(data_steps: Commands) -> None:
    """Add ``push`` to the steps of ``data``."""
    summary = "Send labelled images to a dataset; run again, it goes on where it ended."
    parser = add_api_command(data_steps, "push", _push, summary)
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="class folders, or train/val/test with them; a .zip or .tar of these; or a table or "
        "an export, as for 'data import'; here or in s3://",
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
    # It brings NumPy.
    from training.data.sources.dataset_folder import local_source  # noqa: PLC0415

    dataset = Dataset(api_client(arguments), arguments.dataset)
    with tempfile.TemporaryDirectory() as unpacked, tempfile.TemporaryDirectory() as brought:
        source = local_source(arguments.source, Path(brought))
        reading = read_source(source, Path(unpacked))
        found = reading.images
        for note in reading.notes:
            say(note, file=sys.stderr)
        copies = _copies(source, Path(unpacked))
        offered = [_offered(dataset.connection, image) for image in found]
        sent, named = send_all(dataset, offered, copies)
    if arguments.wait:
        wait(dataset, sent, named)
    answer(arguments, sent, lambda: _print(sent, len(found)))
    return 1 if sent.unreadable or sent.erased else 0


def _copies(source: Path, unpacked: Path) -> dict[str, str]:
    """Which images are copies of predictions' images, as ``visionflow data collect`` wrote beside
    them, or an export into its tables: in a folder or a zip, or in the table that is pushed.
    Raises `DatasetError`."""
    is_folder, is_zip = source.is_dir(), source.suffix.lower() == ".zip"
    above = source if is_folder else source.parent

    def files(name: str) -> list[Path]:
        beside = [above / name] if is_folder or not is_zip else unpacked.rglob(name)
        return [file for file in beside if file.is_file()]

    tables = [table for name in MANIFESTS for table in files(name)]
    if not is_folder and not is_zip:
        tables = [source]
    found: dict[str, str] = {}
    for table in tables:
        found |= copies_in_table(table)
    for lineage in files(LINEAGE_FILE):
        found |= copies_in(lineage.read_bytes(), str(lineage))
    return found


def _offered(connection: Connection, image: LabelledFile) -> Offered:
    def send(form: answers.DatasetUpload) -> None:
        put_image(connection, form.url, form.headers, image.file.read_bytes())

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
