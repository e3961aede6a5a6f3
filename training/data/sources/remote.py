"""Images in S3, as a folder on this disk."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from training.data.cache import alone, not_writable
from training.data.folders.left_out import LeftOut
from training.data.folders.walk import HEAD_BYTES
from training.data.sources.forms.documents import SUFFIXES
from training.data.threads import in_threads
from training.errors import DatasetError
from training.texts.terminal import printable
from visionflow.images.formats import begins_as_image
from visionflow.jobs.layout import is_image_name
from visionflow.junk import junk_on
from visionflow.whole_file import whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEME = "s3://"
DOWNLOADS = 10
"""Files at a time, boto3's number of connections: a small file's download is mostly waiting."""
INDEX_FILE = ".downloaded.json"


class Remote(NamedTuple):
    """A file that is to be downloaded; ``name`` is relative to the folder."""

    name: str
    size: int
    etag: str


def local_folder(source: str, cache: Path) -> Path:
    """The folder that ``source`` names; ``s3://bucket/prefix`` is brought into ``cache`` first.

    Below a prefix only images, by their names or first bytes, and tables are taken; what else lies
    there is counted and named. Files of an earlier call are kept where size
    and ETag are unchanged, and deleted where the object no longer exists.

    Raises `DatasetError` when S3 refuses, holds no images there, or they do not fit on the disk.
    """
    if not source.startswith(SCHEME):
        return Path(source)
    # Whoever trains on a local folder needs neither.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bucket, _, prefix = source.removeprefix(SCHEME).partition("/")
    folder = cache / "s3" / bucket / prefix
    try:
        client = boto3.client("s3")
        prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        _sync(client, (bucket, prefix), folder)
    except (BotoCoreError, ClientError, ValueError) as error:
        raise DatasetError(f"{source}: cannot be read from S3 ({error})") from error
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder


def local_file(source: str, cache: Path) -> Path:
    """The object ``source``, brought into ``cache``. Raises `DatasetError`."""
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bucket, _, key = source.removeprefix(SCHEME).partition("/")
    # Not among what a prefix is brought into, which would delete it.
    folder = cache / "s3-files" / bucket / key
    if ".." in folder.parts:
        raise DatasetError(f"{source}: is not a path below a folder")
    try:
        client = boto3.client("s3")
        head = client.head_object(Bucket=bucket, Key=key)
        found = Remote(folder.name, head["ContentLength"], head["ETag"])
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            bring(
                [found],
                folder,
                lambda _, target: client.download_file(bucket, key, str(target)),
            )
    except (BotoCoreError, ClientError, ValueError) as error:
        raise DatasetError(f"{source}: cannot be read from S3 ({error})") from error
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder / found.name


def local_document(source: str, cache: Path) -> Path:
    """The table ``source`` with the images of its prefix, brought into ``cache``. Raises
    `DatasetError`."""
    prefix, _, name = source.rpartition("/")
    file = local_folder(f"{prefix}/", cache) / name
    if not file.is_file():
        raise DatasetError(f"{source}: cannot be read from S3 (no such object)")
    return file


def _sync(client: "S3Client", place: tuple[str, str], folder: Path) -> None:
    objects = _list(client, *place)
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(wanted: Remote, target: Path) -> None:
        body = client.get_object(Bucket=place[0], Key=place[1] + wanted.name)["Body"]
        with target.open("wb") as file:
            shutil.copyfileobj(body, file)

    # torchrun's processes all come here; the first one downloads.
    with alone(folder):
        bring(objects, folder, fetch)


def bring(objects: Sequence[Remote], folder: Path, fetch: Callable[[Remote, Path], object]) -> None:
    """Make ``folder`` hold ``objects`` and nothing of an earlier call, each brought by ``fetch``.

    Files of an earlier call are kept where size and ETag are unchanged.
    """
    index = folder / INDEX_FILE
    known: dict[str, str] = json.loads(index.read_text()) if index.exists() else {}
    for name in known.keys() - {found.name for found in objects}:
        (folder / name).unlink(missing_ok=True)
    have = {x.name: x.etag for x in objects if known.get(x.name) == x.etag and _is_whole(x, folder)}
    missing = [found for found in objects if found.name not in have]

    def download(wanted: Remote) -> Remote:
        with whole_file(folder / wanted.name) as partial:
            fetch(wanted, partial)
        return wanted

    try:
        name = f"download {folder.name}"
        for done in in_threads(download, missing, name, DOWNLOADS):
            have[done.name] = done.etag
    finally:
        with whole_file(index) as partial:
            partial.write_text(json.dumps(have))


def _list(client: "S3Client", bucket: str, prefix: str) -> list[Remote]:
    source = f"{SCHEME}{bucket}/{prefix}"
    objects: list[Remote] = []
    others: list[Remote] = []
    junk = Counter[str]()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            name = PurePosixPath(entry["Key"].removeprefix(prefix))
            # Consoles make an object without content for a folder.
            if entry["Key"].endswith("/"):
                continue
            if name.is_absolute() or ".." in name.parts:
                raise DatasetError(f"{source}: the key {entry['Key']} is not a path below a folder")
            if kind := junk_on(str(name)):
                junk[kind] += 1
                continue
            found = Remote(str(name), entry["Size"], entry["ETag"])
            known = is_image_name(name.name) or name.suffix.lower() in SUFFIXES
            (objects if known else others).append(found)

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        images = list(
            pool.map(lambda other: _begins_as_image(client, bucket, prefix, other), others)
        )
    objects += [other for other, image in zip(others, images, strict=True) if image]
    left_out = LeftOut(
        other=tuple(
            Path(other.name)
            for other, image in zip(others, images, strict=True)
            if not image and "/" in other.name
        ),
        junk=junk,
    )
    for sentence in left_out.sentences(Path()):
        print(printable(f"{source}: {sentence}"), file=sys.stderr)
    if all(PurePosixPath(found.name).suffix.lower() in SUFFIXES for found in objects):
        raise DatasetError(f"{source}: no images there; check bucket and prefix")
    return objects


def _begins_as_image(client: "S3Client", bucket: str, prefix: str, other: Remote) -> bool:
    key, wanted = prefix + other.name, f"bytes=0-{HEAD_BYTES - 1}"
    if other.size == 0:
        return False
    try:
        body = client.get_object(Bucket=bucket, Key=key, Range=wanted)["Body"]
    except client.exceptions.InvalidObjectState:
        # Archived, say in Glacier: not called an image, and not to be looked into.
        return False
    return begins_as_image(body.read())


def _is_whole(wanted: Remote, folder: Path) -> bool:
    file = folder / wanted.name
    return file.is_file() and file.stat().st_size == wanted.size
