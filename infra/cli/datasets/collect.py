"""``visionflow data collect``: from labels that people gave to predictions to a training folder.

What was erased since is deleted from the folder, and from the datasets that were uploaded for jobs.
"""

import argparse
from collections.abc import Set
from pathlib import Path, PurePosixPath

from infra.cli.command_line import ALL_STAGES, add_command, moment
from infra.cli.endpoints import Endpoints, endpoints
from training.cli.options import Commands, answer
from training.data.sources.collect import (
    LINEAGE_FILE,
    Collected,
    collect,
    forget_erased,
    lineage_without,
)
from training.texts.terminal import say
from visionflow.timestamps import timestamp


def add_parsers(data_steps: Commands) -> None:
    """Add ``collect`` to the steps of ``data``."""
    summary = (
        "Put images that people labelled into class folders, with their origin, and delete copies "
        "of erased ones."
    )
    parser = add_command(data_steps, "collect", _collect, summary, stages=ALL_STAGES)
    parser.add_argument("--out", type=Path, required=True, help="the training folder")
    parser.add_argument("--since", metavar="TIME", help="only labels given from this time on")


def _collect(arguments: argparse.Namespace) -> int:
    done, found = Collected(), endpoints(arguments)
    since = timestamp(moment(arguments.since)) if arguments.since else "0"
    gone = set(found.erased.ids())
    erased = forget_erased(gone, arguments.out) + _forget_in_datasets(gone, found)
    for done in collect(found.reviews, found.images, arguments.out, since):  # noqa: B007
        pass
    done.erased = erased
    text = (
        f"{arguments.out}: {done.added} added, {done.moved} moved to another class, "
        f"{done.kept} unchanged, {done.gone} no longer in the bucket."
    )
    if done.unspecific:
        text += f" {done.unspecific} have a parent of labels or no label, which is not a class."
    if done.unlabelled:
        text += f" {done.unlabelled} lost their label, so their copies are deleted."
    if done.unusable:
        text += (
            f" {done.unusable} have a label that cannot be the name of a folder; give them another."
        )
    if done.erased:
        text += f" Deleted copies of erased images, here and in the datasets bucket: {done.erased}."
    answer(arguments, done, lambda: say(text))
    return 0


def _forget_in_datasets(gone: Set[str], found: Endpoints) -> int:
    """Delete copies of erased images from the bucket of datasets, and what lineages say of them."""
    if not gone:
        return 0
    bucket, deleted = found.training.datasets_bucket, 0
    for page in found.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            path = PurePosixPath(entry["Key"])
            if path.stem in gone:
                found.s3.delete_object(Bucket=bucket, Key=entry["Key"])
                deleted += 1
            elif path.name == LINEAGE_FILE:
                text = found.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                kept = lineage_without(gone, text)
                if kept != text:
                    found.s3.put_object(Bucket=bucket, Key=entry["Key"], Body=kept)
    return deleted
