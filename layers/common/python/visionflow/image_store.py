"""Pictures and thumbnails in S3."""

from typing import TYPE_CHECKING

from visionflow.errors import ImageTooLargeError, MissingImageError
from visionflow.limits import DEFAULT_LIMITS, ImageLimits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

URL_LIFETIME_S = 900

# S3's answers that no retry changes.
_ABSENT = {
    "NoSuchKey": "The object was deleted before it was read.",
    "NoSuchVersion": "The object's version was deleted before it was read.",
    "InvalidObjectState": "The object is archived and cannot be read until it is restored.",
}


class ImageStore:
    """Owns the images bucket."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self.bucket = bucket
        self._client = client

    def read(self, key: str, version_id: str | None, limits: ImageLimits = DEFAULT_LIMITS) -> bytes:
        """The object's bytes.

        Raises `MissingImageError` when it is gone or archived, and `ImageTooLargeError`, before
        anything is downloaded, when it is over ``limits.max_bytes``.
        """
        version = {"VersionId": version_id} if version_id else {}
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key, **version)  # type: ignore[arg-type]
        except self._client.exceptions.ClientError as error:
            reason = _ABSENT.get(error.response["Error"]["Code"])
            if reason is None:
                raise
            raise MissingImageError(reason) from error
        with answer["Body"] as body:
            if answer["ContentLength"] > limits.max_bytes:
                raise ImageTooLargeError(
                    f"The image has {answer['ContentLength']:,} bytes; "
                    f"at most {limits.max_bytes:,} are accepted."
                )
            return body.read()

    def write(self, key: str, data: bytes, content_type: str) -> str | None:
        """Store an object and return its version id, None in a bucket without versioning."""
        answer = self._client.put_object(
            Bucket=self.bucket, Key=key, Body=data, ContentType=content_type
        )
        return answer.get("VersionId")

    def url(self, key: str, version_id: str | None = None) -> str:
        """A URL that opens the object for `URL_LIFETIME_S` seconds. Makes no call."""
        params = {"Bucket": self.bucket, "Key": key}
        if version_id:
            params["VersionId"] = version_id
        return self._client.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=URL_LIFETIME_S
        )
