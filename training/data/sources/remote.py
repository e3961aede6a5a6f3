"""Images in S3, as a folder on this disk."""

import hashlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from training.data.cache import alone, not_writable
from training.data.folders.left_out import LeftOut
from training.data.sources.forms.documents import SUFFIXES
from training.data.threads import in_threads
from training.errors import DatasetError
from training.texts.terminal import printable
from visionflow.addresses import SCHEME, free_path, object_of, path_of, place_of
from visionflow.images.formats import begins_as_image
from visionflow.jobs.layout import is_image_name
from visionflow.junk import junk_on
from visionflow.objects import read_head
from visionflow.whole_file import partial_of, whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOWNLOADS = 10
"""Files at a time, boto3's number of connections: a small file's download is mostly waiting."""
INDEX_FILE = ".downloaded.json"
_OWN = (INDEX_FILE, ".lock")
_MOST_OF_NAME = 40
"""Letters of a prefix that its folder is called by: file systems take 255 bytes."""


class Remote(NamedTuple):
    """A file that is to be downloaded; ``name`` is relative to the folder, ``key`` the object's."""

    name: str
    size: int
    etag: str
    key: str = ""


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

    bucket, prefix = place_of(source)
    folder = folder_in(cache, bucket, prefix)
    try:
        _sync(boto3.client("s3"), (bucket, prefix), folder)
    except (BotoCoreError, ClientError, ValueError) as error:
        raise DatasetError(f"{source}: cannot be read from S3 ({error})") from error
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder


def local_file(source: str, cache: Path) -> Path:
    """The object ``source``, brought into ``cache``. Raises `DatasetError`."""
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bucket, key = object_of(source)
    # Not among what a prefix is brought into, which would delete it.
    folder = cache / "s3-files" / _folder_name(bucket, key)
    try:
        name = PurePosixPath(path_of(key)).name
        client = boto3.client("s3")
        head = client.head_object(Bucket=bucket, Key=key)
        found = Remote(name, head["ContentLength"], head["ETag"])
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


def folder_in(cache: Path, bucket: str, prefix: str) -> Path:
    """What a prefix is brought into."""
    return cache / "s3" / _folder_name(bucket, prefix)


def _folder_name(bucket: str, place: str) -> str:
    """Another one for each place, and none within that of another, whose folder would have it
    too."""
    digest = hashlib.sha256(f"{bucket}/{place}".encode(errors="surrogateescape")).hexdigest()[:16]
    name = next((name for name in reversed(place.split("/")) if name.strip(".")), bucket)
    return f"{name[:_MOST_OF_NAME]}-{digest}"


def _sync(client: "S3Client", place: tuple[str, str], folder: Path) -> None:
    objects = _list(client, *place)
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(wanted: Remote, target: Path) -> None:
        body = client.get_object(Bucket=place[0], Key=wanted.key)["Body"]
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
    _clear(folder, {found.name for found in objects})
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


def _clear(folder: Path, wanted: Iterable[str]) -> None:
    """Delete what is not wanted: also what a killed process brought and did not write down."""
    kept = {folder / name for name in wanted}
    kept |= {partial_of(file) for file in kept}
    for file in folder.rglob("*"):
        if file not in kept and file.name not in _OWN and not file.is_dir():
            file.unlink(missing_ok=True)


def _list(client: "S3Client", bucket: str, prefix: str) -> list[Remote]:
    source = f"{SCHEME}{bucket}/{prefix}"
    objects: list[Remote] = []
    others: list[Remote] = []
    taken: set[str] = set()
    junk = Counter[str]()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            # Consoles make an object without content for a folder.
            if entry["Key"].endswith("/"):
                continue
            name = free_path(path_of(entry["Key"].removeprefix(prefix)), taken)
            if kind := junk_on(name):
                junk[kind] += 1
                continue
            taken.add(name)
            found = Remote(name, entry["Size"], entry["ETag"], entry["Key"])
            path = PurePosixPath(name)
            known = is_image_name(path.name) or path.suffix.lower() in SUFFIXES
            (objects if known else others).append(found)

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        images = list(pool.map(lambda other: _begins_as_image(client, bucket, other), others))
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


def _begins_as_image(client: "S3Client", bucket: str, other: Remote) -> bool:
    return other.size > 0 and begins_as_image(read_head(client, bucket, other.key))


def _is_whole(wanted: Remote, folder: Path) -> bool:
    file = folder / wanted.name
    return file.is_file() and file.stat().st_size == wanted.size
