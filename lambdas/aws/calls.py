"""A signed call, with its retries and its answer."""

import hashlib
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from lambdas.aws import retries
from lambdas.aws.connections import Connections
from lambdas.aws.credentials import CredentialSource
from lambdas.aws.endpoints import Endpoint, region
from lambdas.aws.errors import CLASSES, ClientError, UnreachedError
from lambdas.aws.signature import UNSIGNED, query_string, signed_headers

# What breaks a connection, or an answer on its way.
_BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Call:
    """``path`` is encoded. ``streamed``: the body of an answer is read by who asked for it.
    ``signs_body``: also where the connection is encrypted."""

    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    host: str | None = None
    streamed: bool = False
    signs_body: bool = True


# Code and message of an error, by the status and the body of the answer.
ReadError = Callable[[int, bytes], dict[str, Any]]


class DamagedError(Exception):
    """A body is not what its checksum says."""


class Answer:
    """Status, headers and body of an answer; the connection is free when the body is read."""

    def __init__(
        self, service: "Service", connection: http.client.HTTPConnection, *, reusable: bool
    ) -> None:
        """``reusable``: the whole request went through the connection."""
        self._service, self._connection, self._reusable = service, connection, reusable
        self._answer = connection.getresponse()
        self._read = False
        self.status = self._answer.status

    def header(self, name: str) -> str | None:
        return self._answer.headers.get(name)

    def headers(self) -> list[tuple[str, str]]:
        return self._answer.getheaders()

    def read(self) -> bytes:
        """The whole body. Raises what breaks a connection."""
        data = self._answer.read()
        self._read = True
        if self._answer.will_close or not self._reusable:
            self._connection.close()
        else:
            self._service.connections(self._connection.host).give_back(self._connection)
        return data

    def close(self) -> None:
        """Let go of what was not read, and of its connection."""
        if not self._read:
            self._answer.close()
            self._connection.close()


class Body:
    """The body of an object, that is read once or not at all."""

    def __init__(self, answer: Answer, check: Callable[[bytes], None]) -> None:
        self._answer, self._check = answer, check

    def read(self) -> bytes:
        """Raises `UnreachedError` for one that breaks off, or is not what S3's checksum says."""
        try:
            data = self._answer.read()
            self._check(data)
        except (*_BROKEN, DamagedError) as error:
            self._answer.close()
            raise UnreachedError(f"the object's body broke off ({error!r})") from error
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answer.close()


class Service:
    """One service of AWS. Safe for threads."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        read_error: ReadError,
        *,
        credentials: CredentialSource | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._name = name
        self._read_error = read_error
        self._credentials = credentials or CredentialSource()
        self._sleep = sleep
        self._quota = retries.Quota()
        self._hosts: dict[str, Connections] = {}

    def connections(self, host: str) -> Connections:
        made = Connections(host, self.endpoint.port, secure=self.endpoint.secure)
        return self._hosts.setdefault(host, made)

    def close(self) -> None:
        for connections in list(self._hosts.values()):
            connections.close()

    def call(self, call: Call) -> tuple[Answer, bytes]:
        """The answer, and its body unless that is streamed.

        Raises `ClientError` for an answer that is an error, `UnreachedError` where there is none;
        after `retries.ATTEMPTS`, where another may help.
        """
        taken = 0
        for attempt in range(1, retries.ATTEMPTS + 1):
            throttled, asked = False, None
            try:
                answer, data = self._attempt(call)
            except (*_BROKEN, DamagedError) as reason:
                error: Exception = UnreachedError(f"{self._name} did not answer ({reason!r})")
                error.__cause__ = reason
            else:
                if answer.status < http.client.MULTIPLE_CHOICES:
                    self._quota.succeed(taken)
                    return answer, data
                error = self._refusal(call, answer.status, data)
                code = error.response["Error"]["Code"]
                if not retries.may_pass(answer.status, code):
                    raise error
                throttled = retries.is_throttled(answer.status, code)
                asked = answer.header("x-amz-retry-after")
            if attempt == retries.ATTEMPTS:
                raise error
            taken = self._quota.take(throttled=throttled)
            if not taken:
                raise error
            self._sleep(retries.pause(self._name, attempt, throttled=throttled, asked=asked))
        raise AssertionError("unreachable")

    def _attempt(self, call: Call) -> tuple[Answer, bytes]:
        host = call.host or self.endpoint.host
        connection = self.connections(host).take()
        try:
            target = call.path + (f"?{query_string(call.query)}" if call.query else "")
            cut_short = False
            try:
                connection.request(call.method, target, call.body or None, self._headers(call))
            except (BrokenPipeError, ConnectionResetError):
                cut_short = True  # a server may refuse a body before its end, and says why
            answer = Answer(self, connection, reusable=not cut_short)
            if call.streamed and answer.status < http.client.MULTIPLE_CHOICES:
                return answer, b""
            return answer, answer.read()
        except BaseException:
            connection.close()
            raise

    def _headers(self, call: Call) -> dict[str, str]:
        """Signed anew for each attempt: a signature is good for some minutes."""
        host = self.endpoint.netloc.replace(self.endpoint.host, call.host or self.endpoint.host)
        body_hash = (
            hashlib.sha256(call.body).hexdigest()
            if call.signs_body or not self.endpoint.secure
            else UNSIGNED
        )
        headers = {"host": host, **call.headers}
        if self._name == "s3":
            headers["x-amz-content-sha256"] = body_hash
        signed = signed_headers(
            call.method,
            call.path,
            call.query,
            headers,
            body_hash,
            self._credentials.get(),
            (region(), self._name),
            datetime.now(UTC),
        )
        return signed | {"content-length": str(len(call.body)), "user-agent": "visionflow"}

    def _refusal(self, call: Call, status: int, data: bytes) -> ClientError:
        told = self._read_error(status, data)
        told["ResponseMetadata"] = {"HTTPStatusCode": status}
        return CLASSES.get(told["Error"]["Code"], ClientError)(told, call.operation)


def reason_phrase(status: int) -> str:
    return http.client.responses.get(status, "")
