"""Images from anywhere go into a dataset: announced by their hash, and only new ones are sent."""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from infra.errors import CommandError
from training.texts.progress import Bar
from training.texts.terminal import say
from visionflow.client import answers
from visionflow.client.errors import AlreadyUploadedError, NotFoundError
from visionflow.client.routes.datasets import Dataset, Datasets
from visionflow.errors import ImageError
from visionflow.images.formats import media_type
from visionflow.images.uploads import UploadRequest
from visionflow.labels import label_key

_BATCH = 100
_SENDERS = 8
_POLL_SECONDS = 2.0
_PATIENCE_S = 300.0


@dataclass(frozen=True)
class Offered:
    """An image that may go into a dataset.

    Attributes:
        where: its path, for messages; its last part is the name that the dataset remembers.
        size: in bytes, before it was read.
        read: its bytes. Called again where they are needed again: a batch of them would take
            gigabytes.
        send: brings it into the bucket, by the API's form, which names its SHA-256, or past
            it. `AlreadyUploadedError` says that it is there.
    """

    where: str
    size: int
    label: str | None
    part: str | None
    read: Callable[[], bytes]
    send: Callable[[answers.DatasetUpload], None]


@dataclass(frozen=True)
class _Read:
    image: Offered
    sha256: str
    size: int
    content_type: str
    copy_of: str | None

    def announcement(self) -> dict[str, object]:
        """What the API is told of it."""
        return {
            "sha256": self.sha256,
            "prediction_id": self.copy_of,
            "bytes": self.size,
            "content_type": self.content_type,
            "label": self.image.label,
            "file_name": PurePosixPath(self.image.where).name,
            "source": "push",
        }


@dataclass
class Sent:
    """What became of the images. ``known``: the dataset had them; ``duplicates``: the same bytes
    were offered before; ``unreadable``: what is not an image that can be sent; ``erased``: copies
    of images that were erased, which were not sent."""

    dataset: str
    sent: int = 0
    known: int = 0
    duplicates: int = 0
    unreadable: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    ready: int | None = None
    refused: int | None = None

    def say_curated(self) -> None:
        """What `wait` found, if it was called."""
        if self.ready is not None:
            say(
                f"The dataset has {self.ready} images that can be trained on, and "
                f"{self.refused} that cannot be read."
            )


def send_all(
    dataset: Dataset, images: Sequence[Offered], copies: Mapping[str, str]
) -> tuple[Sent, set[str]]:
    """Send those images that the dataset does not have, and say in which part they are. The dataset
    and its classes are made where they are not there. Returns also the hashes of all of them.

    ``copies``: the prediction of each image that was collected from one, by its SHA-256; when it is
    erased, that image goes too. Raises `CommandError`.
    """
    sent, seen = Sent(dataset.name), set[str]()
    _prepare(dataset, {image.label: None for image in images if image.label is not None})
    total = sum(image.size for image in images)
    bar = Bar[None](what=f"send {len(images)} images", total=total, unit="B")
    with ThreadPoolExecutor(_SENDERS) as senders:
        for start in range(0, len(images), _BATCH):
            _send_batch(
                dataset, images[start : start + _BATCH], copies, seen, sent, senders, bar.add
            )
    return sent, seen


def wait(dataset: Dataset, sent: Sent, named: Set[str]) -> None:
    """Until no image that is ``named`` by its hash is pending: page by page, since none becomes so
    again. Raises `CommandError` where none is curated for minutes."""
    states: Counter[str] = Counter()
    cursor: str | None = None
    before, since = (cursor, 0), time.monotonic()
    while True:
        page = dataset.image_page(cursor)
        found = Counter(image.state for image in page.items if image.sha256 in named)
        if pending := found["pending"]:
            if before != (cursor, pending):
                before, since = (cursor, pending), time.monotonic()
            elif time.monotonic() - since > _PATIENCE_S:
                raise CommandError(
                    f"{pending} or more images of {dataset.name} still wait, and none was looked "
                    f"at for {_PATIENCE_S:.0f} s. Run the same command again: it sends what was "
                    "lost. If that does not help, read the logs of the Curate function."
                )
            time.sleep(_POLL_SECONDS)
            continue
        states.update(found)
        cursor = page.next_cursor
        if cursor is None:
            break
    sent.ready, sent.refused = states["ready"], states["unreadable"]


def _prepare(dataset: Dataset, labels: Iterable[str]) -> None:
    """Make the dataset, or the classes that it lacks."""
    try:
        found = dataset.details().dataset
    except NotFoundError as error:
        if error.code != "dataset_missing":
            raise
        Datasets(dataset.connection).create(dataset.name, list(labels))
        return
    known = {label_key(entry.name) for entry in found.classes}
    for label in labels:
        if label_key(label) not in known:
            dataset.change_class("add", label)


def _send_batch(
    dataset: Dataset,
    batch: Sequence[Offered],
    copies: Mapping[str, str],
    seen: set[str],
    sent: Sent,
    senders: ThreadPoolExecutor,
    on_done: Callable[[int], None],
) -> None:
    fresh: dict[str, _Read] = {}
    for image, read in zip(
        batch, senders.map(lambda image: _read(image, copies), batch), strict=True
    ):
        if isinstance(read, str):
            say(f"visionflow: {image.where}: {read}", file=sys.stderr)
            sent.unreadable.append(image.where)
        elif read.sha256 in seen:
            sent.duplicates += 1
            on_done(read.size)
        else:
            seen.add(read.sha256)
            fresh[read.sha256] = read
    if not fresh:
        return
    answered = dataset.upload_forms([read.announcement() for read in fresh.values()])
    sent.known += len(answered.known)
    for sha256 in answered.known:
        on_done(fresh[sha256].size)
    for sha256 in answered.erased:
        read = fresh.pop(sha256)
        where = read.image.where
        say(f"visionflow: {where}: is a copy of an image that was erased.", file=sys.stderr)
        sent.erased.append(where)
        on_done(read.size)

    def send(form: answers.DatasetUpload) -> None:
        read = fresh[form.sha256]
        # Sent by an earlier run, and not looked at yet.
        with suppress(AlreadyUploadedError):
            read.image.send(form)
        on_done(read.size)

    sent.sent += sum(1 for _ in senders.map(send, answered.forms))
    parts = [
        {"sha256": read.sha256, "part": read.image.part}
        for read in fresh.values()
        if read.image.part is not None
    ]
    if parts:
        dataset.change_images(parts)


def _read(image: Offered, copies: Mapping[str, str]) -> _Read | str:
    """The image as it is announced; a sentence where it cannot be sent."""
    try:
        data = image.read()
        content_type = media_type(data)
        UploadRequest(content_type, len(data)).check()
    except OSError as error:
        return f"cannot be read ({error.strerror})."
    except ImageError as error:
        return str(error)
    sha256 = hashlib.sha256(data).hexdigest()
    return _Read(image, sha256, len(data), content_type, copies.get(sha256))
