"""Images and thumbnails in S3."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from visionflow.errors import (
    ArchivedImageError,
    EncryptedImageError,
    ImageError,
    MissingImageError,
)
from visionflow.images.filenames import clean_filename
from visionflow.images.formats import ACCEPTED_TYPES
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.objects import ABSENT

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CopySourceTypeDef,
        GetObjectRequestTypeDef,
        HeadObjectRequestTypeDef,
        PutObjectRequestTypeDef,
    )

URL_LIFETIME_S = 900
FORM_LIFETIME = timedelta(minutes=15)
# Of a posted upload's metadata, which its form signs: who asked for the form, and what they call
# the file, percent-encoded because a header is ASCII.
_OWNER = "owner"
_FILENAME = "filename"

# Deleted between two looks at the clock.
_ERASED_AT_ONCE = 400
# boto3 keeps ten connections.
_ERASERS = 8
# Answers of S3 that a retry cannot change. A denied grant, of S3 or of the key that KMS keeps, is
# not among them: an operator can give it, and until then the image waits. Whoever put the object
# there cannot deny it: the buckets' owner owns all that is in them.
_GONE = "The object was deleted before it was read."
_TOO_LONG = "The key is longer than any that S3 keeps."
_NO_VERSION = "The version id is none that S3 gives."
_ARCHIVED = "The object is archived and cannot be read until it is restored."
_ENCRYPTED = (
    "The object is encrypted with a key of its sender's own (SSE-C); send it again without one."
)
_UNREADABLE: dict[str, ImageError] = {
    "404": MissingImageError(_GONE),  # to a HEAD request, which has no body to say more
    "NoSuchKey": MissingImageError(_GONE),
    "NoSuchVersion": MissingImageError("The object's version was deleted before it was read."),
    "405": MissingImageError(_GONE),  # the version is a delete marker
    "MethodNotAllowed": MissingImageError(_GONE),
    "PreconditionFailed": MissingImageError("The object was replaced before it was read."),
    # Of a list that somebody wrote.
    "KeyTooLongError": MissingImageError(_TOO_LONG),
    "InvalidObjectState": ArchivedImageError(_ARCHIVED),
}
# What S3 answers to a request that lacks the sender's key. It has no code of its own, and to a HEAD
# request no words either: a bare 400 may be a credential that has just expired.
# https://repost.aws/knowledge-center/s3-sse-c-object-errors
_WITHOUT_KEY = "stored using a form of server side encryption"
# To a HEAD request, whose answer has no words: which key or grant is missing.
_UNTOLD = ("400", "403")


@dataclass(frozen=True)
class StoredImage:
    """An object's bytes, and the owner and file name that its metadata names. Whoever may write to
    the bucket can name anybody; in a posted upload both are signed. ``version_id`` and ``etag``:
    what was read, where S3 says so."""

    data: bytes
    owner: str | None
    filename: str | None = None
    version_id: str | None = None
    etag: str | None = None


@dataclass(frozen=True)
class SignedPut:
    """A request that uploads one object: ``PUT url`` with exactly these ``headers``. The length of
    the body is signed too; every client sends it by itself."""

    url: str
    headers: dict[str, str]


class ImageStore:
    """Owns the images bucket."""

    def __init__(
        self, bucket: str, client: "S3Client", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.bucket = bucket
        self._client = client
        self._clock = clock

    @property
    def refusal(self) -> type[Exception]:
        """What its calls raise where S3 refuses and a retry may help, or an operator."""
        return self._client.exceptions.ClientError

    def read(self, key: str, version_id: str | None, etag: str | None = None) -> bytes:
        """The bytes of one version. Raises as `fetch` does."""
        return self.fetch(key, version_id, etag).data

    def fetch(self, key: str, version_id: str | None, etag: str | None = None) -> StoredImage:
        """One version. In a bucket without versioning, ``etag`` identifies it.

        Raises `MissingImageError` when it is gone or replaced, `ArchivedImageError`,
        `EncryptedImageError`, and `ImageTooLargeError`, before anything is downloaded, when it is
        over `DEFAULT_LIMITS`.
        """
        which: GetObjectRequestTypeDef = {"Bucket": self.bucket, "Key": key}
        if version_id:
            which["VersionId"] = version_id
        elif etag:
            which["IfMatch"] = etag
        try:
            answer = self._client.get_object(**which)
        except self._client.exceptions.ClientError as error:
            refuse_unreadable(error)
            raise
        with answer["Body"] as body:
            DEFAULT_LIMITS.check_bytes(answer["ContentLength"])
            found = answer["Metadata"]
            name = clean_filename(unquote(found.get(_FILENAME, ""), errors="replace"))
            version = answer.get("VersionId")
            return StoredImage(
                body.read(),
                found.get(_OWNER),
                name,
                None if version == "null" else version,
                answer.get("ETag", "").strip('"') or None,
            )

    def has(self, key: str, version_id: str | None) -> bool:
        """Whether a version is there, by default the latest. One that cannot be read, because it is
        encrypted with its sender's key or a grant is missing, is there."""
        which: HeadObjectRequestTypeDef = {"Bucket": self.bucket, "Key": key}
        if version_id:
            which["VersionId"] = version_id
        try:
            self._client.head_object(**which)
        except self._client.exceptions.ClientError as error:
            told = error.response["Error"]["Code"]
            if told in _UNTOLD:
                return True
            if told not in {*_UNREADABLE, *ABSENT}:
                raise
            return False
        return True

    def found(self, key: str) -> tuple[str, int] | None:
        """ETag and size of an object; None where there is none."""
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key)
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ABSENT:
                raise
            return None
        return head["ETag"].strip('"'), head["ContentLength"]

    def write(self, key: str, data: bytes, content_type: str) -> str | None:
        """Store an object and return its version id, None in a bucket without versioning."""
        answer = self._client.put_object(
            Bucket=self.bucket, Key=key, Body=data, ContentType=content_type
        )
        return answer.get("VersionId")

    def erase(self, key: str, version_id: str | None = None) -> None:
        """Delete one version of an object, by default all.

        The key's delete markers go with the last one.
        """
        versions, markers = (
            [found for found in kind if found[0] == key] for kind in self._versions(key)
        )
        doomed = [found for found in versions if version_id in (None, found[1])]
        self._delete(doomed if len(doomed) < len(versions) else [*doomed, *markers])

    def erase_below(self, prefix: str) -> None:
        """Delete all versions of all objects whose keys begin with ``prefix``, and their delete
        markers."""
        versions, markers = self._versions(prefix)
        self._delete([*versions, *markers])

    def erase_some(self, prefix: str, seconds: float) -> bool:
        """Delete objects whose keys begin with ``prefix``, with all their versions and delete
        markers, for about ``seconds`` and at least some hundred. True when none is left."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  few erase

        end = self._clock() + seconds
        while True:
            page = self._client.list_object_versions(
                Bucket=self.bucket, Prefix=prefix, MaxKeys=_ERASED_AT_ONCE
            )
            doomed = [
                (found["Key"], found["VersionId"])
                for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if not doomed:
                return True
            with ThreadPoolExecutor(_ERASERS) as pool:
                # One by one: for many in one call S3 wants the right to hide objects too.
                list(pool.map(self._delete_version, doomed))
            if self._clock() >= end:
                return False

    def _versions(self, prefix: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Keys and version ids of objects and of delete markers."""
        versions, markers = [], []
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        for page in pages:
            versions += [(found["Key"], found["VersionId"]) for found in page.get("Versions", [])]
            markers += [
                (found["Key"], found["VersionId"]) for found in page.get("DeleteMarkers", [])
            ]
        return versions, markers

    def _delete(self, doomed: list[tuple[str, str]]) -> None:
        for version in doomed:
            self._delete_version(version)

    def _delete_version(self, version: tuple[str, str]) -> None:
        key, version_id = version
        self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version_id)

    def url(self, key: str, version_id: str | None = None) -> str:
        """A URL that opens the object for `URL_LIFETIME_S` seconds. Makes no call."""
        params = {"Bucket": self.bucket, "Key": key}
        if version_id:
            params["VersionId"] = version_id
        return self._client.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=URL_LIFETIME_S
        )

    def signed_put(
        self,
        key: str,
        content_type: str,
        size: int,
        owner: str,
        *,
        sha256: str | None = None,
        filename: str | None = None,
    ) -> SignedPut:
        """A request that S3 accepts once within `FORM_LIFETIME`: this key, this type, ``size``
        bytes exactly (those of ``sha256``, in hexadecimal digits, where it is given), ``owner`` and
        ``filename`` as the object's metadata, which is not part of the URL, and only while there is
        no such object.

        Makes no call. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        metadata = {_OWNER: owner}
        if filename is not None:
            metadata[_FILENAME] = quote(filename, safe="")
        headers = {
            "Content-Type": content_type,
            "If-None-Match": "*",
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        params: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": key,
            "ContentType": content_type,
            "ContentLength": size,
            "IfNoneMatch": "*",
            "Metadata": metadata,
        }
        if sha256 is not None:
            digest = base64.b64encode(bytes.fromhex(sha256)).decode()
            params["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = digest
        url = self._client.generate_presigned_url(
            "put_object", Params=dict(params), ExpiresIn=int(FORM_LIFETIME.total_seconds())
        )
        return SignedPut(url, headers)

    def take_copy(self, bucket: str, key: str, version_id: str | None, to: str) -> None:
        """Copy the bytes of any bucket's object, or of one version of it, to the key ``to``;
        without its metadata and tags, which may name a person and would outlive the original.

        Raises `MissingImageError`, `ArchivedImageError` and `EncryptedImageError`.
        """
        source: CopySourceTypeDef = {"Bucket": bucket, "Key": key}
        if version_id:
            source["VersionId"] = version_id
        try:
            head = self._client.head_object(**source)
            self._client.copy_object(
                Bucket=self.bucket,
                Key=to,
                CopySource=source,
                MetadataDirective="REPLACE",
                Metadata={},
                ContentType=_image_type(head.get("ContentType", "")),
                TaggingDirective="REPLACE",
            )
        except self._client.exceptions.ClientError as error:
            refuse_unreadable(error)
            raise


def _image_type(content_type: str) -> str:
    """The type of an image; whoever drops a file may call it anything."""
    return content_type if content_type in ACCEPTED_TYPES else "application/octet-stream"


def refuse_unreadable(error: "ClientError") -> None:
    """Raise an `ImageError` for an answer of S3 that a retry cannot change."""
    told = error.response["Error"]
    if found := _UNREADABLE.get(told["Code"]):
        raise type(found)(str(found)) from error
    if told["Code"] == "InvalidRequest" and _WITHOUT_KEY in told["Message"].lower():
        raise EncryptedImageError(_ENCRYPTED) from error
    if told["Code"] == "InvalidArgument" and "version id" in told["Message"].lower():
        raise MissingImageError(_NO_VERSION) from error
