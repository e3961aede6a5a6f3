"""What a machine gets to work with: links to the files of its job, and to nothing else.

A machine has no right to the datasets bucket. The control plane chooses the sealed set, and signs a
link to every other file of the dataset, to the checkpoint of the machine before, and to the weights
or the run that the job starts from.
"""

import gzip
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from visionflow import strict
from visionflow.addresses import free_path, object_of, path_of, place_of
from visionflow.datasets.record import DatasetVersion, VersionImage
from visionflow.datasets.versions import VersionStore
from visionflow.errors import JobRefusedError
from visionflow.images.formats import IMAGE_SUFFIXES, begins_as_image
from visionflow.jobs.folder import (
    Assignment,
    JobFolders,
    Link,
    checkpoint_key,
    groups_key,
    groups_table_key,
    run_prefix,
)
from visionflow.jobs.frozen import GROUPS_TABLE, groups_table, placed, seal_version
from visionflow.jobs.layout import Layout
from visionflow.jobs.options import setting, start_weights
from visionflow.jobs.record import JobRecord, JobReport, JobRequest
from visionflow.jobs.sealed import SealedSet, StoredFile, seal
from visionflow.jobs.store import JobStore
from visionflow.junk import junk_on
from visionflow.models.gate import GateLimits
from visionflow.objects import read_head
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_FILES = 500_000
MOST_OTHERS = 10_000
"""Files whose names do not say that they are images, and which are looked into."""
_READERS = 32
LINK_LIFETIME = timedelta(hours=6)
# A link lives no longer than the credentials that signed it, which say nothing of their end.
RENEWED_AFTER = timedelta(minutes=20)
DOWNLOAD = "download"
"""The step of a machine that follows links."""
_TABLE = ".csv"
_NOTHING = SealedSet(labels=(), images=(), withheld=(), least_validation=0)
_MOST_RUN_FILES, _MOST_RUN_BYTES = 200, 8 * 1024**3


@dataclass(frozen=True)
class _Folder:
    """The images and tables below a prefix, each by what is behind that in its key.
    ``by_content``: images that are not called so."""

    files: tuple[StoredFile, ...]
    by_content: frozenset[str]


class Inputs:
    """Chooses sealed sets and signs links."""

    def __init__(
        self,
        store: JobStore,
        folders: JobFolders,
        s3: "S3Client",
        limits: GateLimits,
        versions: VersionStore,
    ) -> None:
        self._store = store
        self._versions = versions
        self.folders = folders
        self._s3 = s3
        self._limits = limits

    def seal(self, record: JobRecord) -> None:
        """Choose the job's sealed set, once.

        Raises `JobRefusedError` for a dataset without files, or with too many, and
        `DatasetMissingError` for one that was deleted.
        """
        if self.folders.sealed(record.id) is not None:
            return
        request = record.request
        validation = float(setting(request, "data.validation"))
        if request.dataset is not None:
            version, images, found = self._version(request)
            sealed = seal_version(images, found, validation)
            self.folders.put_sealed(record.id, replace(sealed, version_sha256=version.sha256))
            return
        folder = self._files(request.data)
        if not folder.files:
            raise JobRefusedError(f"{request.data}: there is nothing below this prefix.")
        layout = Layout.of(
            [file.name for file in folder.files],
            parents=str(setting(request, "data.parents")),
            group_by=str(setting(request, "data.group_by")),
            by_content=folder.by_content,
        )
        self.folders.put_sealed(record.id, seal(folder.files, layout, validation))

    def check_weights(self, record: JobRecord) -> None:
        """Raises `JobRefusedError` for weights that do not exist."""
        weights = start_weights(record.request)
        if weights and self._found(*object_of(weights)) is None:
            raise JobRefusedError(f"{weights} does not exist; check bucket and key.")

    def assign(self, record: JobRecord) -> None:
        """Tell the job's machine, where it has one, how the job stands."""
        if record.reporter:
            sealed = self.folders.sealed(record.id) or _NOTHING
            withheld = tuple(map(path_of, sealed.withheld))
            assignment = Assignment(
                record, withheld, self._limits.fields, sealed.missing, sealed.copied
            )
            self.folders.assign(record.reporter, assignment)

    def renew(self, record: JobRecord, report: JobReport | None, now: datetime) -> None:
        """Sign links for the machine of a running job: at first, and again while it follows
        them."""
        progress = report.progress if report else None
        if record.reporter is None or (progress and progress.step != DOWNLOAD):
            return
        signed_at = self.folders.links_signed_at(record.reporter)
        if signed_at and now - datetime.fromisoformat(signed_at) < RENEWED_AFTER:
            return
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "links"
            with gzip.open(file, "wt", compresslevel=3) as lines:
                for link in self._links(record, record.reporter):
                    lines.write(json.dumps(strict.to_dict(link)) + "\n")
            self.folders.put_links(record.reporter, file, timestamp(now))
        # Last: a machine that is told of its job finds everything there.
        self.assign(record)

    def _links(self, record: JobRecord, reporter: str) -> Iterator[Link]:
        sealed = self.folders.sealed(record.id) or _NOTHING
        if record.request.dataset is None:
            yield from self._folder(record.request.data, sealed)
        else:
            yield from self._dataset(record.request, sealed, reporter)
        yield from self._checkpoint(record)
        weights = start_weights(record.request)
        if weights and (found := self._found(*object_of(weights))):
            yield self._signed(*object_of(weights), found, "weights.pt")
        if record.request.grow_from:
            yield from self._ancestor(record.request.grow_from)

    def _folder(self, data: str, sealed: SealedSet) -> Iterator[Link]:
        bucket, prefix = place_of(data)
        withheld = set(sealed.withheld)
        # A copy that was added since the set was chosen is withheld too.
        contents = {image.etag for image in sealed.images}
        taken: set[str] = set()
        for file in self._files(data).files:
            if file.name not in withheld and file.etag not in contents:
                path = free_path(path_of(file.name), taken)
                taken.add(path)
                yield self._signed(bucket, prefix + file.name, file, _below(prefix, path))

    def _dataset(self, request: JobRequest, sealed: SealedSet, reporter: str) -> Iterator[Link]:
        """The images of the version in folders of parts and classes, and the table of groups."""
        bucket, prefix = place_of(request.data)
        _, images, files = self._version(request)
        withheld = set(sealed.withheld)
        handed = [
            each
            for each in placed(images)
            if each.image.sha256 in files and each.image.sha256 not in withheld
        ]
        for each in handed:
            file = files[each.image.sha256]
            yield self._signed(bucket, prefix + file.name, file, _below(prefix, each.path))
        self.folders.put_groups(reporter, groups_table(handed))
        key = groups_table_key(reporter)
        if found := self._found(self.folders.bucket, key):
            yield self._signed(self.folders.bucket, key, found, _below(prefix, GROUPS_TABLE))

    def _version(
        self, request: JobRequest
    ) -> tuple[DatasetVersion, tuple[VersionImage, ...], dict[str, StoredFile]]:
        """The version that a job trains on, its images, and the files of those that are still
        there, by SHA-256."""
        name, number = str(request.dataset), request.dataset_version or 0
        version = self._versions.version(name, number)
        images = self._versions.manifest(version)
        if len(images) > MOST_FILES:
            raise JobRefusedError(
                f"Version {number} of {name} has {len(images):,} images; a job takes at most "
                f"{MOST_FILES:,} files."
            )
        wanted = {image.sha256 for image in images}
        bucket, prefix = place_of(request.data)
        files = {file.name: file for file in self._listed(bucket, prefix) if file.name in wanted}
        return version, images, files

    def _checkpoint(self, record: JobRecord) -> Iterator[Link]:
        """The newest that a machine of the job has left, and the groups it belongs to."""
        for reporter in reversed(record.reporters):
            checkpoint = self._found(self.folders.bucket, checkpoint_key(reporter))
            groups = self._found(self.folders.bucket, groups_key(reporter))
            if checkpoint and groups:
                for key, found, name in (
                    (groups_key(reporter), groups, "groups.json"),
                    (checkpoint_key(reporter), checkpoint, "checkpoint.pt"),
                ):
                    yield self._signed(self.folders.bucket, key, found, f"run/{name}")
                return

    def _ancestor(self, job_id: str) -> Iterator[Link]:
        report = self.folders.report(self._store.get(job_id))
        if report:
            prefix = run_prefix(report.reporter)
            for file in self.folders.run_files(report.reporter, _MOST_RUN_FILES, _MOST_RUN_BYTES):
                key = prefix + file.name
                yield self._signed(self.folders.bucket, key, file, f"ancestor/{file.name}")

    def _signed(self, bucket: str, key: str, file: StoredFile, path: str) -> Link:
        url = self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": bucket, "Key": key},
            ExpiresIn=int(LINK_LIFETIME.total_seconds()),
        )
        return Link(path, file.size, file.etag, url)

    def _files(self, data: str) -> _Folder:
        """The images and tables of a dataset, as training chooses them: by their names, and others
        by their first bytes. Raises `JobRefusedError` for a key that is no path, and for too
        many."""
        bucket, prefix = place_of(data)
        found: list[StoredFile] = []
        others: list[StoredFile] = []
        for file in self._listed(bucket, prefix):
            try:
                path = path_of(file.name)
            except ValueError as error:
                raise JobRefusedError(
                    f"{data}: the key {file.name!r:.200} is not a path below a folder."
                ) from error
            # Consoles make an object for a folder.
            if file.name.endswith("/") or not path or junk_on(path):
                continue
            named = PurePosixPath(path).suffix.lower() in (*IMAGE_SUFFIXES, _TABLE)
            (found if named else others).append(file)
            if len(found) > MOST_FILES:
                raise JobRefusedError(f"{data}: a job takes at most {MOST_FILES:,} files.")
            if len(others) > MOST_OTHERS:
                raise JobRefusedError(
                    f"{data}: over {MOST_OTHERS:,} files are not called as images are, such as "
                    f"{file.name!r:.200}. Move them elsewhere, or give images a suffix as .jpg."
                )

        def is_image(file: StoredFile) -> bool:
            key = prefix + file.name
            return file.size > 0 and begins_as_image(read_head(self._s3, bucket, key))

        with ThreadPoolExecutor(_READERS) as readers:
            images = list(readers.map(is_image, others))
        more = [file for file, image in zip(others, images, strict=True) if image]
        return _Folder((*found, *more), frozenset(file.name for file in more))

    def _listed(self, bucket: str, prefix: str) -> Iterator[StoredFile]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                name = entry["Key"].removeprefix(prefix)
                yield StoredFile(name, entry["Size"], entry["ETag"])

    def _found(self, bucket: str, key: str) -> StoredFile | None:
        try:
            head = self._s3.head_object(Bucket=bucket, Key=key)
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            return None
        return StoredFile(key, head["ContentLength"], head["ETag"])


def _below(prefix: str, path: str) -> str:
    """Where a machine has a file of its dataset."""
    return "/".join(filter(None, ("images", path_of(prefix), path)))
