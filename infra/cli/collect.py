"""``visionflow data collect``: from what people said about predictions to a training folder."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.command_line import add_command, print_json, workspace_of
from infra.cli.deployed import aws_sentences, deployed
from infra.errors import CommandError
from infra.stages import LOCAL, STAGES
from training.data.collect import Collected, collect
from visionflow.images.store import ImageStore
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from infra.cli.command_line import Commands


def add_parsers(data_steps: "Commands") -> None:
    """Add ``collect`` to the steps of ``data``."""
    summary = "put images that people labelled into class folders, with where they came from"
    parser = add_command(data_steps, "collect", _collect, summary)
    parser.add_argument("--out", type=Path, required=True, help="the training folder")
    parser.add_argument("--since", metavar="TIME", help="only what was said from then on")
    parser.add_argument("--stage", choices=tuple(STAGES), default=LOCAL.name)


def _collect(arguments: argparse.Namespace) -> int:
    done = Collected()
    with aws_sentences():
        found = deployed(arguments.stage, workspace_of(arguments))
        reviews = ReviewStore(found.predictions_table, found.insights_table, found.dynamodb)
        images = ImageStore(found.images_bucket, found.s3)
        for done in collect(reviews, images, arguments.out, _moment(arguments.since)):  # noqa: B007
            pass
    if arguments.json:
        print_json(asdict(done))
        return 0
    print(
        f"{arguments.out}: {done.added} added, {done.moved} moved to another class, "
        f"{done.kept} there already, {done.gone} no longer in the bucket."
    )
    return 0


def _moment(text: str | None) -> str:
    if text is None:
        return "0"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no ISO 8601 time.") from error
    return timestamp(at if at.tzinfo else at.replace(tzinfo=UTC))
