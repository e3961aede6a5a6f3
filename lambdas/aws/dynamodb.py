"""DynamoDB over HTTP, with boto3's names for calls and arguments."""

import base64
import json
import zlib
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from lambdas.aws.calls import Call, DamagedError, Service, reason_phrase
from lambdas.aws.endpoints import Endpoint
from lambdas.aws.errors import EXCEPTIONS, UnreachedError

_TARGET = "DynamoDB_20120810"
_HEADERS = {"content-type": "application/x-amz-json-1.0", "accept-encoding": "identity"}


class DynamoDB:
    """A client. What it takes and gives is what boto3's does, less ``ResponseMetadata``."""

    exceptions = EXCEPTIONS

    def __init__(self, endpoint: Endpoint, **parts: Any) -> None:
        self._service = _Checked("dynamodb", endpoint, _error, **parts)

    def get_item(self, **asked: Any) -> dict[str, Any]:
        return self._call("GetItem", asked)

    def close(self) -> None:
        self._service.close()

    def put_item(self, **asked: Any) -> dict[str, Any]:
        return self._call("PutItem", asked)

    def update_item(self, **asked: Any) -> dict[str, Any]:
        return self._call("UpdateItem", asked)

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        # By the token DynamoDB knows a transaction again whose answer was lost, and does not cancel
        # it for what it has itself written.
        return self._call("TransactWriteItems", {"ClientRequestToken": token_hex(16), **asked})

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:
        return self._call("BatchGetItem", asked)

    def _call(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(asked, default=_base64).encode()
        headers = {**_HEADERS, "x-amz-target": f"{_TARGET}.{operation}"}
        _, data = self._service.call(Call(operation, "POST", "/", headers, body))
        try:
            found: dict[str, Any] = json.loads(data, object_hook=_with_bytes)
        except ValueError as error:
            raise UnreachedError("the answer is not DynamoDB's") from error
        return found


class _Checked(Service):
    """Asks again for an answer that is not what DynamoDB's checksum says."""

    def _attempt(self, call: Call) -> Any:
        answer, data = super()._attempt(call)
        told = answer.header("x-amz-crc32")
        if told is not None and told != str(zlib.crc32(data)):
            raise DamagedError("the answer is not what its checksum says")
        return answer, data


def _base64(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    raise TypeError(f"DynamoDB takes no {type(value).__name__}")


_BYTES: dict[str, Callable[[Any], Any]] = {
    "B": base64.b64decode,
    "BS": lambda found: [base64.b64decode(value) for value in found],
}


def _with_bytes(found: dict[str, Any]) -> dict[str, Any]:
    """A value of bytes; an attribute of that name has a dictionary for its value."""
    if len(found) == 1:
        ((kind, value),) = found.items()
        if kind in _BYTES and not isinstance(value, dict):
            return {kind: _BYTES[kind](value)}
    return found


def _error(status: int, data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
        kind = str(told["__type"]).rpartition("#")[2]
        message = told.get("message") or told.get("Message") or ""
    except (ValueError, KeyError, TypeError, AttributeError):
        # A machine on the way has answered.
        return {"Error": {"Code": str(status), "Message": reason_phrase(status)}}
    reasons = {name: told[name] for name in ("CancellationReasons",) if name in told}
    return {"Error": {"Code": kind, "Message": message}, **reasons}
