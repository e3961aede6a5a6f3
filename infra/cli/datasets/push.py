"""``visionflow data push``: a folder of class folders goes into a dataset, in the bucket."""

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from infra.cli.command_line import add_api_command
from infra.cli.endpoints import api_client
from infra.client.api_client import ApiProblemError
from infra.client.datasets import DatasetClient
from infra.client.image_upload import AlreadyUploadedError, put_image
from infra.errors import CommandError
from infra.local_cloud.progress import TransferBar
from training.cli.options import Commands, answer
from training.texts.terminal import say
from visionflow.errors import ImageError
from visionflow.images.containers import media_type
from visionflow.images.uploads import UploadRequest
from visionflow.jobs.layout import Layout, is_image_name
from visionflow.labels import PARTS, composed, label_key, label_problem

_BATCH = 100
_CHANGES = 500
_SENDERS = 8
_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class LocalImage:
    """A file with what its folders say of it."""

    file: Path
    label: str | None
    part: str | None


@dataclass(frozen=True)
class ReadImage:
    """What was found in a file. Its bytes are read again when they are sent: a batch of them would
    take gigabytes."""

    image: LocalImage
    sha256: str
    size: int
    content_type: str

    def announcement(self) -> dict[str, object]:
        """What the API is told of it."""
        return {
            "sha256": self.sha256,
            "bytes": self.size,
            "content_type": self.content_type,
            "label": self.image.label,
            "file_name": self.image.file.name,
            "source": "push",
        }


@dataclass
class Pushed:
    """What became of the files. ``known``: the dataset had them; ``duplicates``: the folder has the
    same bytes twice; ``unreadable``: files that are not images that can be sent."""

    dataset: str
    sent: int = 0
    known: int = 0
    duplicates: int = 0
    unreadable: list[str] = field(default_factory=list)
    ready: int | None = None
    refused: int | None = None


def add_parsers(data_steps: Commands) -> None:
    """Add ``push`` to the steps of ``data``."""
    summary = "Send a folder of class folders to a dataset; run again, it goes on where it ended."
    parser = add_api_command(data_steps, "push", _push, summary)
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="class folders, or train/val/test with them"
    )
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="the dataset, made if it is not there"
    )
    parser.add_argument(
        "--wait", action="store_true", help="until every image was looked at, and say the result"
    )


def _push(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    images = find_images(folder)
    dataset = DatasetClient(api_client(arguments), arguments.dataset)
    pushed = Pushed(dataset.name)
    _prepare(dataset, {image.label: None for image in images if image.label is not None})
    total = sum(image.file.stat().st_size for image in images)
    bar = TransferBar(total, f"of {len(images)} images sent or known")
    seen: set[str] = set()
    with ThreadPoolExecutor(_SENDERS) as senders:
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            _push_batch(dataset, batch, seen, pushed, senders, bar.add)
    if arguments.wait:
        _wait(dataset, pushed)
    answer(arguments, pushed, lambda: _print(pushed, len(images)))
    return 1 if pushed.unreadable else 0


def find_images(folder: Path) -> list[LocalImage]:
    """Images below ``folder``, sorted by their paths. Raises `CommandError`."""
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder; name one that has a folder for each class.")
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if is_image_name(path.name) and path.is_file()
    )
    names = [name for name in names if not any(p.startswith(".") for p in name.split("/"))]
    if not names:
        raise CommandError(f"{folder} has no images; expected {folder.name}/<class>/<image>.")
    layout = Layout.of(names, parents="auto", group_by="auto")
    found = [_placed(folder, name, layout) for name in names]
    for label in {image.label: None for image in found if image.label is not None}:
        if problem := label_problem(label):
            raise CommandError(f"{folder}: the class folder {label!r:.80} {problem}; rename it.")
    return found


def _placed(folder: Path, name: str, layout: Layout) -> LocalImage:
    path, part = PurePosixPath(name).parts, None
    if layout.train is not None:
        part = PARTS.get(path[0].lower())
        path = path[1:]
    label = composed(path[-2] if layout.nested else path[0]) if len(path) > 1 else None
    return LocalImage(folder / name, label, part)


def _prepare(dataset: DatasetClient, labels: Iterable[str]) -> None:
    """Make the dataset, or the classes that it lacks."""
    try:
        found = dataset.details()["dataset"]
    except ApiProblemError as error:
        if error.code != "dataset_missing":
            raise
        dataset.create(list(labels))
        return
    known = {label_key(entry["name"]) for entry in found["classes"]}
    for label in labels:
        if label_key(label) not in known:
            dataset.change_class("add", label)


def _push_batch(
    dataset: DatasetClient,
    batch: Sequence[LocalImage],
    seen: set[str],
    pushed: Pushed,
    senders: ThreadPoolExecutor,
    on_sent: Callable[[int], None],
) -> None:
    """Send those images that the dataset does not have, and say in which part they are."""
    fresh: dict[str, ReadImage] = {}
    for image, read in zip(batch, senders.map(_read, batch), strict=True):
        if isinstance(read, str):
            say(f"visionflow: {image.file}: {read}", file=sys.stderr)
            pushed.unreadable.append(str(image.file))
        elif read.sha256 in seen:
            pushed.duplicates += 1
            on_sent(read.size)
        else:
            seen.add(read.sha256)
            fresh[read.sha256] = read
    if not fresh:
        return
    answered = dataset.upload_forms([read.announcement() for read in fresh.values()])
    pushed.known += len(answered["known"])
    for sha256 in answered["known"]:
        on_sent(fresh[sha256].size)

    def send(form: dict[str, Any]) -> None:
        data = fresh[form["sha256"]].image.file.read_bytes()
        # Sent by an earlier run, and not looked at yet.
        with suppress(AlreadyUploadedError):
            put_image(form["url"], form["headers"], data, lambda _: None)
        on_sent(len(data))

    pushed.sent += sum(1 for _ in senders.map(send, answered["forms"]))
    parts = [
        {"sha256": read.sha256, "part": read.image.part}
        for read in fresh.values()
        if read.image.part is not None
    ]
    if parts:
        dataset.change_images(parts)


def _read(image: LocalImage) -> ReadImage | str:
    """The file as it is announced; a sentence where it cannot be sent."""
    try:
        data = image.file.read_bytes()
        content_type = media_type(data)
        UploadRequest(content_type, len(data)).check()
    except OSError as error:
        return f"cannot be read ({error.strerror})."
    except ImageError as error:
        return str(error)
    return ReadImage(image, hashlib.sha256(data).hexdigest(), len(data), content_type)


def _wait(dataset: DatasetClient, pushed: Pushed) -> None:
    """Until no image of the dataset is pending: page by page, since none becomes so again."""
    states: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        page = dataset.image_page(cursor)
        found = [image["state"] for image in page["items"]]
        if "pending" in found:
            time.sleep(_POLL_SECONDS)
            continue
        states.update(found)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    pushed.ready, pushed.refused = states["ready"], states["unreadable"]


def _print(pushed: Pushed, found: int) -> None:
    say(
        f"{pushed.dataset}: {found} images found, {pushed.sent} sent, {pushed.known} there before, "
        f"{pushed.duplicates} twice in the folder, {len(pushed.unreadable)} cannot be sent."
    )
    if pushed.ready is not None:
        say(
            f"The dataset has {pushed.ready} images that can be trained on, and "
            f"{pushed.refused} that cannot be read."
        )
