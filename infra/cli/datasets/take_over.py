"""``visionflow datasets take-over``: a prefix of the datasets bucket that jobs train on becomes a
dataset."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from infra.cli.command_line import add_api_command
from infra.cli.datasets.sending import Offered, Sent, send_all, wait
from infra.cli.endpoints import Endpoints, api_client, endpoints
from infra.errors import CommandError
from training.cli.options import Commands, answer
from training.data.sources.collect import LINEAGE_FILE, copies_in
from training.texts.terminal import say
from visionflow.client import answers
from visionflow.client.routes.datasets import Dataset
from visionflow.datasets.names import (
    CONTENT_PREFIX,
    DROP_PREFIX,
    MANIFEST_PREFIX,
    RUNS_PREFIX,
    content_key,
)
from visionflow.images.store import ImageStore
from visionflow.jobs.layout import Layout, is_image_name
from visionflow.junk import junk_on
from visionflow.labels import label_problem

_MOST_NAMED = 5
# What the bucket holds for datasets and their trainings.
_OWN = (CONTENT_PREFIX, DROP_PREFIX, MANIFEST_PREFIX, RUNS_PREFIX)


@dataclass(frozen=True)
class Found:
    """An object below the prefix; ``name``: its key without the prefix."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True)
class TakenOver:
    """``without_class``: images in no class folder, or in one that cannot be a label."""

    prefix: str
    images: Sent
    without_class: tuple[str, ...]


def add_parser(group: Commands) -> None:
    """Add ``take-over`` to the commands of ``datasets``."""
    summary = (
        "Make a prefix of the datasets bucket a dataset; the prefix stays, and run again, it goes "
        "on."
    )
    parser = add_api_command(group, "take-over", _take_over, summary)
    parser.add_argument(
        "prefix", metavar="PREFIX", help="below it class folders, or train/val/test with them"
    )
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="the dataset, made if it is not there"
    )
    parser.add_argument(
        "--wait", action="store_true", help="until every image was looked at, and say the result"
    )


def _take_over(arguments: argparse.Namespace) -> int:
    stage = endpoints(arguments)
    bucket = stage.training.datasets_bucket
    prefix = _prefix(arguments.prefix, bucket)
    found = {image.name: image for image in _list(stage, bucket, prefix)}
    if not found:
        raise CommandError(f"s3://{bucket}/{prefix} has no images; name a prefix of class folders.")
    layout = Layout.of(found, parents="auto", group_by="auto")
    store = ImageStore(bucket, stage.s3)
    dataset = Dataset(api_client(arguments), arguments.dataset)
    offered, without = [], []
    for name, image in found.items():
        label, part = layout.place_of(name)
        if label is None or label_problem(label):
            without.append(name)
        else:
            offered.append(_offered(store, dataset.name, prefix, image, label, part))
    sent, named = send_all(dataset, offered, _copies(stage, bucket, prefix + LINEAGE_FILE))
    if arguments.wait:
        wait(dataset, sent, named)
    taken = TakenOver(prefix, sent, tuple(without))
    answer(arguments, taken, lambda: _print(taken, len(found)))
    return 1 if sent.unreadable or sent.erased or without else 0


def _copies(stage: Endpoints, bucket: str, key: str) -> dict[str, str]:
    """What ``visionflow data collect`` wrote of images below the prefix. Raises `DatasetError`."""
    try:
        lineage = stage.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except stage.s3.exceptions.NoSuchKey:
        return {}
    return copies_in(lineage, f"s3://{bucket}/{key}")


def _prefix(text: str, bucket: str) -> str:
    """What the keys begin with. Raises `CommandError`."""
    path = text
    if text.startswith("s3://"):
        named, _, path = text.removeprefix("s3://").partition("/")
        if named != bucket:
            raise CommandError(
                f"{text}: only prefixes of s3://{bucket} can be taken over. Bring others here with "
                f"'aws s3 cp --recursive {text} s3://{bucket}/NAME'."
            )
    prefix = f"{path.strip('/')}/"
    if prefix == "/" or prefix.startswith(_OWN):
        raise CommandError(
            f"{text}: name a prefix of your own, such as flowers; {', '.join(_OWN)} are what "
            "datasets consist of."
        )
    return prefix


def _list(stage: Endpoints, bucket: str, prefix: str) -> Iterator[Found]:
    pages = stage.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            name = entry["Key"].removeprefix(prefix)
            if is_image_name(name) and not junk_on(name):
                yield Found(name, entry["Size"], entry["ETag"].strip('"'))


def _offered(
    store: ImageStore, dataset: str, prefix: str, image: Found, label: str, part: str | None
) -> Offered:
    key = prefix + image.name

    def send(form: answers.DatasetUpload) -> None:
        # Were it replaced since it was read, curation would find bytes that are not their hash.
        store.take_copy(store.bucket, key, None, content_key(dataset, form.sha256))

    return Offered(key, image.size, label, part, lambda: store.read(key, None, image.etag), send)


def _print(taken: TakenOver, found: int) -> None:
    sent, without = taken.images, taken.without_class
    say(
        f"{taken.prefix}: {found} images found; {sent.sent} taken over into {sent.dataset}, "
        f"{sent.known} there before, {sent.duplicates} found twice, {len(sent.unreadable)} are not "
        f"images that can be taken, {len(sent.erased)} were erased."
    )
    if without:
        named = ", ".join(without[:_MOST_NAMED])
        more = f" and {len(without) - _MOST_NAMED} more" if len(without) > _MOST_NAMED else ""
        say(f"{len(without)} lie in no folder that can be a class: {named}{more}.")
    sent.say_curated()
