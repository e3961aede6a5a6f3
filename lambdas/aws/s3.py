"""S3 over HTTP, with boto3's names for calls and arguments."""

import base64
import re
import zlib
from typing import Any

from lambdas.aws.calls import Answer, Body, Call, DamagedError, Service, reason_phrase
from lambdas.aws.endpoints import Endpoint
from lambdas.aws.errors import EXCEPTIONS
from lambdas.aws.signature import encoded

_HOST_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[\d.]+|.*:.*")
_TOLD = re.compile(rb"<(Code|Message)>(.*?)</\1>", re.DOTALL)
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_ENTITY = re.compile(r"&(\w+);")
_META = "x-amz-meta-"


class S3:
    """A client. What it takes and gives is what boto3's does, less what nobody here reads."""

    exceptions = EXCEPTIONS

    def __init__(self, endpoint: Endpoint, **parts: Any) -> None:
        self._service = Service("s3", endpoint, _error, **parts)

    def close(self) -> None:
        self._service.close()

    def get_object(self, **asked: str) -> dict[str, Any]:
        """Takes ``Bucket``, ``Key``, ``VersionId`` and ``IfMatch``."""
        headers = {"accept-encoding": "identity", "x-amz-checksum-mode": "ENABLED"}
        if (etag := asked.pop("IfMatch", None)) is not None:
            headers["if-match"] = etag
        version_id = asked.pop("VersionId", None)
        query = {} if version_id is None else {"versionId": version_id}
        call = self._of("GetObject", "GET", asked, headers, query=query, streamed=True)
        answer, _ = self._service.call(call)
        return {
            **_about(answer),
            "Body": Body(answer, lambda data: _check(answer, data)),
            "Metadata": {
                name.lower().removeprefix(_META): value
                for name, value in answer.headers()
                if name.lower().startswith(_META)
            },
        }

    def put_object(self, **asked: Any) -> dict[str, Any]:
        """Takes ``Bucket``, ``Key``, ``Body`` (bytes), ``ContentType``, ``IfNoneMatch`` and
        ``Metadata`` of ASCII."""
        body = bytes(asked.pop("Body"))
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        headers = {"x-amz-checksum-crc32": checksum, "x-amz-sdk-checksum-algorithm": "CRC32"}
        if (content_type := asked.pop("ContentType", None)) is not None:
            headers["content-type"] = content_type
        if (condition := asked.pop("IfNoneMatch", None)) is not None:
            headers["if-none-match"] = condition
        metadata: dict[str, str] = asked.pop("Metadata", {})
        headers |= {f"{_META}{name}": value for name, value in metadata.items()}
        answer, _ = self._service.call(self._of("PutObject", "PUT", asked, headers, body=body))
        return _about(answer)

    def _of(
        self, operation: str, method: str, where: dict[str, str], headers: Any, **more: Any
    ) -> Call:
        bucket, key = where.pop("Bucket"), where.pop("Key")
        if where:
            raise TypeError(f"{operation} is not known here with {', '.join(sorted(where))}")
        if not bucket or not key:
            raise ValueError(f"{operation} needs a bucket and a key")
        path, host = f"/{encoded(key, safe='/')}", self._host(bucket)
        if host is None:
            path = f"/{bucket}{path}"
        # As boto3: where the connection is encrypted, the body's checksum is signed, not the body.
        return Call(operation, method, path, headers, host=host, signs_body=False, **more)

    def _host(self, bucket: str) -> str | None:
        """The bucket's own; None where only a path can name it."""
        host = self._service.endpoint.host
        if _ADDRESS.fullmatch(host) or not _HOST_LABEL.fullmatch(bucket):
            return None
        return f"{bucket}.{host}"


def _about(answer: Answer) -> dict[str, Any]:
    known = {
        "VersionId": answer.header("x-amz-version-id"),
        "ETag": answer.header("etag"),
        "ContentType": answer.header("content-type"),
        "ContentLength": int(answer.header("content-length") or 0),
    }
    return {name: value for name, value in known.items() if value is not None}


def _check(answer: Answer, data: bytes) -> None:
    """Raise `DamagedError` for what is not the whole object, by length and by the checksum that
    whoever stored it has chosen; those that Python has no fast code for are passed over, as boto3
    does."""
    if told := answer.header("x-amz-checksum-crc32"):
        found = zlib.crc32(data).to_bytes(4, "big")
    elif told := answer.header("x-amz-checksum-sha256"):
        import hashlib  # noqa: PLC0415

        found = hashlib.sha256(data).digest()
    else:
        return
    # "...-3" is made of the checksums of three parts.
    if "-" not in told and base64.b64decode(told) != found:
        raise DamagedError("the object is not what its checksum says")


def _error(status: int, data: bytes) -> dict[str, Any]:
    told = {name.decode(): _text(value) for name, value in _TOLD.findall(data)}
    return {
        "Error": {
            "Code": told.get("Code", str(status)),
            "Message": told.get("Message", reason_phrase(status)),
        }
    }


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return _ENTITY.sub(lambda match: _ENTITIES.get(match[1], match[0]), text)
