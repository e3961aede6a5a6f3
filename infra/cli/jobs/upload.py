"""What a job is given on this computer, in the datasets bucket, under a prefix of its content.

The prefix is called by a hash of every name and every byte. Other data have another prefix, so two
folders of one name never merge, and what is gone from a folder is not there either. The same data
again find all of their files; an upload that was broken off finds some, and goes on.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import CommandError
from training.data.folders.classes import classes_in
from training.data.folders.parts import find_parts, hint
from training.data.folders.walk import as_text, below
from training.data.sources.collect import LINEAGE_FILE
from training.data.sources.dataset_folder import dataset_folder
from training.data.threads import in_threads
from training.errors import DatasetError
from training.texts.progress import Bar

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TABLE = ".csv"
_SENDERS = 10
_MOST_OF_NAME = 40
"""Letters of the data's name that the prefix begins with."""
_NAMED = 3
_LEAST_CLASSES = 2


@dataclass(frozen=True)
class _Content:
    """A file as it was read: its hashes as bytes. S3's ETag of an object is its MD5."""

    file: Path
    size: int
    md5: bytes
    sha256: bytes


def upload(
    source: str, bucket: str, s3: "S3Client", cache: Path, say: Callable[[str], None]
) -> str:
    """Bring ``source``, whatever `train --data` takes from a disk, into the ``bucket``; returns
    the ``s3://bucket/prefix`` that holds it and nothing else. ``cache``: for what is not a folder
    of class folders.

    Raises `DatasetError` for data that training would refuse, and `CommandError` where a file
    changes meanwhile, or others lie below the prefix.
    """
    folder = dataset_folder(source, cache)
    contents = _contents(folder)
    prefix = f"{_name(source)}-{_digest(contents)}/"
    there = _there(s3, bucket, prefix)
    if strangers := sorted(there.keys() - contents.keys()):
        named = ", ".join(strangers[:_NAMED])
        raise CommandError(
            f"s3://{bucket}/{prefix} holds {len(strangers):,} files that are not in {source}: "
            f"{named}. Delete them there; a job would train on them too."
        )
    missing = {
        name: content for name, content in contents.items() if there.get(name) != content.md5.hex()
    }
    _send(missing, bucket, prefix, s3)
    sent = f"{len(missing):,} were sent now" if missing else "all were there already"
    say(f"{len(contents):,} files are in s3://{bucket}/{prefix}; {sent}.")
    return f"s3://{bucket}/{prefix.rstrip('/')}"


def _contents(folder: Path) -> Mapping[str, _Content]:
    """The images of a folder, its tables, and where its images came from, by their paths."""
    parts = find_parts(folder)
    for part in parts.values():
        classes_in(part).require_sound()
    found = below(folder)
    if not found.images:
        raise CommandError(
            f"{folder}: no images there; expected {folder.name}/<class>/<image>{hint(folder)}"
        )
    train = parts["train"]
    # Classes may lie deeper, so this is the least that there must be.
    inside = {file.parent for file in found.images if file.is_relative_to(train)} - {train}
    if len(inside) < _LEAST_CLASSES:
        raise DatasetError(
            f"{train}: found {len(inside)} class folders with images, at least {_LEAST_CLASSES} "
            f"are needed; expected {train.name}/<class>/<image>{hint(train)}"
        )
    tables = [
        file
        for file in found.others
        if file.suffix.lower() == _TABLE or file == folder / LINEAGE_FILE
    ]
    files = sorted([*found.images, *tables])
    read = in_threads(_read, files, f"read {folder.name}")
    return {
        file.relative_to(folder).as_posix(): content
        for file, content in zip(files, read, strict=True)
    }


def _read(file: Path) -> _Content:
    return _of(file, _bytes(file))


def _of(file: Path, data: bytes) -> _Content:
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    return _Content(file, len(data), md5, hashlib.sha256(data).digest())


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: cannot be read ({error.strerror}).") from error


def _digest(contents: Mapping[str, _Content]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0".encode() + content.sha256)
    return digest.hexdigest()[:16]


def _name(source: str) -> str:
    """What people call the data; the hash behind it tells them apart."""
    path = Path(source).resolve()
    return as_text(Path(path.name if path.is_dir() else path.stem))[:_MOST_OF_NAME]


def _there(s3: "S3Client", bucket: str, prefix: str) -> dict[str, str]:
    """The ETag of each object, by what is behind the prefix in its key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {
        entry["Key"].removeprefix(prefix): entry["ETag"].strip('"')
        for page in pages
        for entry in page.get("Contents", [])
    }


def _send(missing: Mapping[str, _Content], bucket: str, prefix: str, s3: "S3Client") -> None:
    bar = Bar[None](
        what="upload", total=sum(content.size for content in missing.values()), unit="B"
    )

    def send(name: str) -> None:
        expected = missing[name]
        data = _bytes(expected.file)
        if _of(expected.file, data) != expected:
            raise CommandError(
                f"{expected.file}: has changed since the upload began. Start the job again when "
                "nothing writes into the folder."
            )
        # In one piece: only then is the ETag the MD5 of the content.
        md5 = base64.b64encode(expected.md5).decode()
        s3.put_object(Bucket=bucket, Key=prefix + name, Body=data, ContentMD5=md5)
        bar.add(expected.size)

    names: Sequence[str] = list(missing)
    with ThreadPoolExecutor(_SENDERS) as senders:
        sending = [senders.submit(send, name) for name in names]
        try:
            for one in sending:
                one.result()
        except BaseException:
            senders.shutdown(cancel_futures=True)
            raise
