"""The folders of training machines in the jobs bucket, from both sides.

``jobs/<reporter>/`` is all that a machine may read or write: the reporter is the ``aws:userid`` of
its role, which a policy can name. In there the control plane lays what the machine works by (its
job, and signed links to all that it may download), and the machine lays its report, its log, its
checkpoint and its run. ``sealed/`` is the control plane's alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.errors import ArtifactError
from visionflow.jobs import reports
from visionflow.jobs.record import ADDED_FIELDS, JobRecord, JobReport
from visionflow.jobs.sealed import SealedSet, StoredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "jobs/"
SEALED = "sealed/"
WHEELHOUSE = "wheelhouse/"

REPORT_FILE = "report.json"
_JOB, _LINKS = "job.json", "links.jsonl.gz"
_LOG = "log/"
_SIGNED_AT = "signed-at"
# The fields of assignments and sealed sets that came later, with what is meant without them. A
# machine runs the release that launched it and refuses fields that it does not know, so it is
# not sent those that say nothing.
_ADDED: dict[str, Any] = {"missing": 0, "copied": False}
# What S3 says of an object that is not there: the first to who may not list.
_FORBIDDEN = ("403", "AccessDenied")
_ABSENT = ("404", "NoSuchKey", "NotFound", "InvalidRange")
MOST_LOG_OBJECTS = 10_000
MOST_LOG_BYTES = 1_000_000
"""Of one object."""


def folder_of(reporter: str) -> str:
    return f"{FOLDER}{reporter}/"


def checkpoint_key(reporter: str) -> str:
    return f"{folder_of(reporter)}checkpoint.pt"


def groups_key(reporter: str) -> str:
    """Which images belong together: decides the split that the checkpoint belongs to."""
    return f"{folder_of(reporter)}groups.json"


def groups_table_key(reporter: str) -> str:
    """Which images of a dataset show the same thing, as its version says."""
    return f"{folder_of(reporter)}dataset-groups.csv"


def run_prefix(reporter: str) -> str:
    """The prefix of the finished run: the files of an artifact, the manifest last."""
    return f"{folder_of(reporter)}run/"


@dataclass(frozen=True)
class Assignment:
    """What a machine works by.

    Attributes:
        job: as it stands.
        withheld: names of the images of its dataset that it does not get.
        settings: fields of the config that are the stage's.
        missing: how many images of the dataset's version are erased.
        copied: whether an image of the dataset may be erased with a prediction, so that the run
            must not show any.
    """

    job: JobRecord
    withheld: tuple[str, ...]
    settings: dict[str, float]
    missing: int = 0
    copied: bool = False


@dataclass(frozen=True)
class Link:
    """A file that a machine may download to ``path``, below its work's folder, by ``url``."""

    path: str
    size: int
    etag: str
    url: str


class JobFolders:
    """Reads and writes the folders; a machine by its own rights, which end at its own folder."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self.bucket = bucket
        self._client = client

    # What machines say.

    def put_report(self, report: JobReport) -> None:
        self._put(
            folder_of(report.reporter) + REPORT_FILE, json.dumps(strict.to_dict(report)).encode()
        )

    def current_report(self, record: JobRecord) -> JobReport | None:
        """What the machine that runs now has reported."""
        return self._report(record.reporter, record.id) if record.reporter else None

    def report(self, record: JobRecord) -> JobReport | None:
        """What the newest machine of a job that reported at all has reported, with the epochs of
        the one before it until it has some of its own."""
        newest: JobReport | None = None
        for reporter in reversed(record.reporters):
            found = self._report(reporter, record.id)
            if found is None:
                continue
            newest = newest or found
            if found.epochs:
                progress = newest.progress and replace(newest.progress, epoch=len(found.epochs))
                return (
                    newest
                    if found is newest
                    else replace(newest, epochs=found.epochs, progress=progress)
                )
        return newest

    def put_log(self, reporter: str, number: int, text: str) -> None:
        """Add lines, as the ``number``-th part of a machine's log."""
        self._put(f"{folder_of(reporter)}{_LOG}{number:06}.txt", text.encode(errors="replace"))

    def log_lines(self, reporter: str) -> Iterator[str]:
        """The lines of a machine's log, as far as it is of a sensible size."""
        for _, lines in self.log_parts(reporter):
            yield from lines

    def log_parts(self, reporter: str, after: str = "") -> Iterator[tuple[str, list[str]]]:
        """The key and the lines of each part of a machine's log behind that with the key
        ``after``."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket,
            Prefix=folder_of(reporter) + _LOG,
            StartAfter=after,
            PaginationConfig={"MaxItems": MOST_LOG_OBJECTS},
        )
        for page in pages:
            for entry in page.get("Contents", []):
                data = self._read(entry["Key"], MOST_LOG_BYTES) or b""
                lines = data.decode(errors="replace").splitlines()
                yield entry["Key"], list(map(reports.printable, lines))

    # What the control plane says.

    def assign(self, reporter: str, assignment: Assignment) -> None:
        """Tell a machine what it works by."""
        fields = _without(_ADDED, strict.to_dict(assignment))
        fields["job"]["request"] = _without(ADDED_FIELDS, fields["job"]["request"])
        self._put(folder_of(reporter) + _JOB, json.dumps(fields).encode())

    def assignment(self, reporter: str) -> Assignment | None:
        """What the machine ``reporter`` was told; None before it was told anything."""
        data = self._read(folder_of(reporter) + _JOB, absent=(*_ABSENT, *_FORBIDDEN))
        if data is None:
            return None
        fields = {**_ADDED, **json.loads(data)}
        fields["job"]["request"] = {**ADDED_FIELDS, **fields["job"]["request"]}
        return strict.parse(Assignment, fields, _JOB)

    def put_links(self, reporter: str, file: Path, signed_at: str) -> None:
        """``file``: gzip of a line of JSON for each `Link`."""
        extra = {"Metadata": {_SIGNED_AT: signed_at}}
        key = folder_of(reporter) + _LINKS
        self._client.upload_file(str(file), self.bucket, key, ExtraArgs=extra)

    def fetch_links(self, reporter: str, file: Path) -> None:
        self._client.download_file(self.bucket, folder_of(reporter) + _LINKS, str(file))

    def links_signed_at(self, reporter: str) -> str | None:
        """When the links of a machine were signed; None before."""
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=folder_of(reporter) + _LINKS)
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            return None
        return head["Metadata"].get(_SIGNED_AT)

    def put_sealed(self, job_id: str, sealed: SealedSet) -> None:
        self._put(f"{SEALED}{job_id}.json", json.dumps(strict.to_dict(sealed)).encode())

    def sealed(self, job_id: str) -> SealedSet | None:
        """The sealed set of a job; None before it is chosen."""
        data = self._read(f"{SEALED}{job_id}.json")
        if data is None:
            return None
        # One from before jobs trained on datasets lacks the sum of the version's manifest, too.
        fields = {**_ADDED, "version_sha256": None, **json.loads(data)}
        return strict.parse(SealedSet, fields, "sealed set")

    def put_groups(self, reporter: str, table: str) -> None:
        """Lay down, as a table, which images of its dataset a machine must keep together."""
        self._put(groups_table_key(reporter), table.encode())

    def run_files(self, reporter: str, most: int, most_bytes: int) -> tuple[StoredFile, ...]:
        """The files of a finished run. Raises `ArtifactError` for more than ``most`` files, or
        more than ``most_bytes`` bytes."""
        prefix = run_prefix(reporter)
        found = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=most + 1)
        files = tuple(
            StoredFile(x["Key"].removeprefix(prefix), x["Size"], x["ETag"])
            for x in found.get("Contents", [])
        )
        if len(files) > most or sum(file.size for file in files) > most_bytes:
            raise ArtifactError(f"the run has over {most} files or {most_bytes:,} bytes")
        return files

    def _report(self, reporter: str, job_id: str) -> JobReport | None:
        data = self._read(folder_of(reporter) + REPORT_FILE, reports.MOST_BYTES + 1)
        return None if data is None else reports.read_report(data, reporter, job_id)

    def _put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def _read(
        self, key: str, most: int | None = None, absent: Sequence[str] = _ABSENT
    ) -> bytes | None:
        """At most the first ``most`` bytes of an object: who wrote it may have made it of any
        size."""
        whole = f"bytes=0-{most - 1}" if most else "bytes=0-"
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key, Range=whole)
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in absent:
                raise
            return None
        with answer["Body"] as body:
            return body.read()


def _without(added: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` but for those that are as ``added`` has them."""
    return {
        name: value for name, value in fields.items() if name not in added or value != added[name]
    }
