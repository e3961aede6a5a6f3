"""``visionflow data collect``: from labels that people gave to predictions to a training folder."""

import argparse
from pathlib import Path

from infra.cli.command_line import ALL_STAGES, add_command, moment
from infra.cli.endpoints import endpoints
from training.cli.options import Commands, answer
from training.data.sources.collect import Collected, collect
from training.texts.terminal import say
from visionflow.timestamps import timestamp


def add_parsers(data_steps: Commands) -> None:
    """Add ``collect`` to the steps of ``data``."""
    summary = "Put images that people labelled into class folders, with their origin."
    parser = add_command(data_steps, "collect", _collect, summary, stages=ALL_STAGES)
    parser.add_argument("--out", type=Path, required=True, help="the training folder")
    parser.add_argument("--since", metavar="TIME", help="only labels given from this time on")


def _collect(arguments: argparse.Namespace) -> int:
    done, found = Collected(), endpoints(arguments)
    since = timestamp(moment(arguments.since)) if arguments.since else "0"
    for done in collect(found.reviews, found.images, arguments.out, since):  # noqa: B007
        pass
    text = (
        f"{arguments.out}: {done.added} added, {done.moved} moved to another class, "
        f"{done.kept} unchanged, {done.gone} no longer in the bucket."
    )
    if done.unspecific:
        text += f" {done.unspecific} are called by a parent of labels, which is not a class."
    if done.unusable:
        text += (
            f" {done.unusable} have a label that cannot be the name of a folder; give them another."
        )
    answer(arguments, done, lambda: say(text))
    return 0
