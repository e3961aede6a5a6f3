"""Model artifacts in S3: published whole or not at all, and verified before they are used."""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.store import URL_LIFETIME_S
from visionflow.models.drift import REFERENCE_FILE, Reference
from visionflow.models.manifest import (
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    artifact_prefix,
)
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE, ModelRef
from visionflow.whole_file import whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ModelStore:
    """Owns the models bucket."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._client = client

    def upload(
        self, folder: Path, manifest: Manifest, on_upload: Callable[[int], object] | None = None
    ) -> None:
        """Upload a verified artifact. The manifest goes last: without it there is no version.

        A version never changes: uploading the same one again does nothing, and another one under
        its name and version raises `ArtifactError`, as does a name that cannot be part of a key.
        An upload that was interrupted starts again. ``on_upload`` gets the number of bytes after
        each piece.
        """
        check_names(manifest)
        prefix = artifact_prefix(manifest.name, manifest.version)
        if self.is_published(manifest):
            return
        for entry in manifest.all_files():
            self._client.upload_file(
                str(folder / entry.path),
                self._bucket,
                prefix + entry.path,
                ExtraArgs={"ContentType": content_type(entry.path)},
                Callback=on_upload,
            )
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=prefix + MANIFEST_NAME,
                Body=manifest.to_json().encode(),
                ContentType=content_type(MANIFEST_NAME),
                IfNoneMatch="*",
            )
        except self._client.exceptions.ClientError as error:
            # Another process published this version meanwhile.
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            self.is_published(manifest)

    def manifest(self, model: ModelRef) -> Manifest:
        """Raises `ArtifactError` when the version has no manifest, `ConfigError` for a bad one."""
        data = self._read(artifact_prefix(model.name, model.version) + MANIFEST_NAME)
        manifest = Manifest.parse(data)
        if (manifest.name, manifest.version) != (model.name, model.version):
            raise ArtifactError(
                f"the manifest of {model.name} {model.version} is that of "
                f"{manifest.name} {manifest.version}"
            )
        return manifest

    def fetch(self, manifest: Manifest, cache: Path) -> Path:
        """The version's folder under ``cache`` with all that is served, verified by the manifest.

        A file that is there already is verified again, and replaced when it is damaged.
        Raises `ArtifactError` when a file of the bucket is missing or differs from its checksum,
        and when the cache cannot take it (`forget_all_but` makes room).
        """
        folder = cache / manifest.name / manifest.version
        for entry in manifest.served_files:
            if not _is_intact(folder / entry.path, entry):
                self._keep(self.read(manifest, entry), folder / entry.path)
        return folder

    @staticmethod
    def _keep(data: bytes, target: Path) -> None:
        try:
            # The workers of a local cloud share the folder.
            with whole_file(target, shared=True) as partial:
                partial.write_bytes(data)
        except OSError as error:
            raise ArtifactError(
                f"{target}: {len(data):,} bytes cannot be kept in the cache ({error.strerror})"
            ) from error

    def reference(self, manifest: Manifest) -> Reference | None:
        """What drift is measured against; None for a version that was made without.

        Raises `ArtifactError` as `read` does, and `ConfigError` for one that does not parse.
        """
        for entry in manifest.extra_files:
            if entry.path == REFERENCE_FILE:
                return Reference.parse(self.read(manifest, entry))
        return None

    def read(self, manifest: Manifest, entry: FileEntry) -> bytes:
        """A file of a version, verified. Raises `ArtifactError`."""
        data = self._read(artifact_prefix(manifest.name, manifest.version) + entry.path)
        entry.check(data)
        return data

    def url(self, manifest: Manifest, entry: FileEntry) -> str:
        """A URL that opens a file of a version for a while. Makes no call."""
        key = artifact_prefix(manifest.name, manifest.version) + entry.path
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=URL_LIFETIME_S
        )

    def check_served_files(self, manifest: Manifest) -> None:
        """Raise `ArtifactError` unless all that is served is there in full size. Downloads
        nothing."""
        for entry in manifest.served_files:
            key = artifact_prefix(manifest.name, manifest.version) + entry.path
            try:
                size = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            except self._client.exceptions.ClientError as error:
                raise self._missing(key, error) from error
            if size != entry.size:
                raise ArtifactError(f"{key}: {size:,} bytes instead of {entry.size:,}")

    def _read(self, key: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.ClientError as error:
            raise self._missing(key, error) from error
        with answer["Body"] as body:
            return body.read()

    def is_published(self, manifest: Manifest) -> bool:
        """Whether this very version is. Raises `ArtifactError` when another one has its place."""
        key = artifact_prefix(manifest.name, manifest.version) + MANIFEST_NAME
        try:
            published = self._read(key)
        except ArtifactError:
            return False
        if not _same(published, manifest):
            raise ArtifactError(
                f"{manifest.name} {manifest.version} is published with other content; "
                "give this one a version of its own, such as the next free one: --version next"
            )
        return True

    @staticmethod
    def _missing(key: str, error: Exception) -> Exception:
        code = getattr(error, "response", {}).get("Error", {}).get("Code")
        if code in ("NoSuchKey", "404"):
            return ArtifactError(f"{key}: missing in the models bucket")
        return error


def check_names(manifest: Manifest) -> None:
    """Raise `ArtifactError` for a name or a version that cannot be part of a key."""
    for what, value in (("name", manifest.name), ("version", manifest.version)):
        if not PLAIN_NAME.fullmatch(value):
            raise ArtifactError(
                f"The {what} {value!r:.80} cannot be published; give another with --{what}: "
                f"{PLAIN_NAME_RULE}."
            )


def content_type(path: str) -> str:
    """The MIME type by which a browser knows how to open the object."""
    import mimetypes  # noqa: PLC0415  of who publishes

    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def _same(published: bytes, manifest: Manifest) -> bool:
    """Whether both say the same, whichever schema ``published`` was written in."""
    try:
        return Manifest.parse(published) == Manifest.parse(manifest.to_json())
    except ConfigError:
        return False


def forget_all_but(cache: Path, models: Collection[ModelRef]) -> None:
    """Delete every version's files from ``cache`` but those of ``models``.

    A session that is open on a deleted file keeps it: Linux frees it when the last one closes.
    """
    kept = {cache / model.name / model.version for model in models}
    for version in cache.glob("*/*"):
        if version not in kept:
            # Another process that shares the folder may be deleting it too.
            shutil.rmtree(version, ignore_errors=True)


def _is_intact(path: Path, entry: FileEntry) -> bool:
    try:
        entry.check(path.read_bytes())
    except (FileNotFoundError, ArtifactError):
        return False
    return True
