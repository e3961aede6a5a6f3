"""HTTP to one API: a pool of connections, errors, and requests repeated where that is safe.

urllib3 pools connections, bounds each wait and reads `Retry-After`. Which request may be repeated
depends on what it asks for and on the API's own words, so the loop stands here.
"""

import json
import random
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from visionflow.client.errors import (
    ApiError,
    LimitError,
    SettingError,
    UnavailableError,
    UnexpectedAnswerError,
)
from visionflow.client.problems import problem_of

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CONNECT_SECONDS, _TIMEOUT_SECONDS = 10.0, 60.0
# A program that waits asks hundreds of times, and the API may be out of service for a moment.
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
# Until the next minute's quota; that of a month is not waited for.
_LONGEST_WAIT_S = 60.0
# What does the same once or twice, unless its route says otherwise. A POST that creates something
# is sent once, unless it has a key: a request without an answer may have done it.
_REPEATED = ("GET", "DELETE")
_POOL = 32
# As long as the API's longest Retry-After.
_MONTH_S = 31 * 86_400

Query = Mapping[str, object]
NOTHING: Query = MappingProxyType({})
NOTHING_SENT: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Connection:
    """An API at ``url``; ``key`` is an API key for stages that ask for one, as those on AWS do.
    Threads may share it.

    Raises `SettingError` for what is no URL, for one by which the key would travel unencrypted,
    and for a key that no header can hold.
    """

    url: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.url)
        if self.key and url.scheme != "https" and url.hostname not in _LOOPBACK:
            raise SettingError(f"{self.url} is not encrypted; no key is sent to it.")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise SettingError(
                f"{self.url!r:.200} is not the URL of an API; it begins with https:// and is "
                "the output ApiUrl of the stage."
            )
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            raise SettingError(
                "The API key has a line break or other letters that no key has; copy it again."
            )

    def send(
        self,
        method: str,
        path: str,
        query: Query = NOTHING,
        body: Mapping[str, object] | None = None,
        *,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        """Call any route with ``body`` as JSON; the parts of ``path`` must be quoted. Returns the
        JSON object that is answered.

        ``repeatable``: the request does the same once or twice; by default a GET or DELETE does.
        Raises `ApiError`.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        return self.post_bytes(method, path, query, data, headers, repeatable=repeatable)

    def post_bytes(
        self,
        method: str,
        path: str,
        query: Query,
        data: bytes | None,
        headers: Mapping[str, str],
        *,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        """`send` with a body of any type, which ``headers`` name."""
        url = f"{self.url}{path}"
        if given := [(name, _text(value)) for name, value in query.items() if value is not None]:
            url = f"{url}?{urlencode(given)}"
        if repeatable is None:
            repeatable = method in _REPEATED
        for pause in _pauses():
            try:
                return self._once(method, url, data, headers)
            except (UnavailableError, LimitError) as error:
                may = repeatable or isinstance(error, LimitError)
                if pause is None or not (may and error.retryable):
                    raise
                wait = pause if error.retry_after is None else error.retry_after
                if wait > _LONGEST_WAIT_S:
                    raise
            time.sleep(wait)
        raise AssertionError("the last pause is None")

    def once(self, method: str, path: str) -> dict[str, Any]:
        """`send` without a second try."""
        return self._once(method, f"{self.url}{path}", None, NOTHING_SENT)

    def raw(
        self,
        method: str,
        url: str,
        data: bytes | BinaryIO | None,
        headers: Mapping[str, str],
        **more: Any,
    ) -> urllib3.BaseHTTPResponse:
        """One request to any URL, such as one that the API signed, sent once and without the key.
        ``more`` is urllib3's. Raises `UnavailableError`."""
        try:
            return self._pool.request(
                method, url, body=data, headers=dict(headers), redirect=False, **more
            )
        except (NewConnectionError, NameResolutionError) as error:
            # A wrong address, or nothing that listens there: it is not worth waiting for.
            raise _unanswered(url, error, retryable=False) from error
        except (ConnectTimeoutError, ReadTimeoutError, ProtocolError) as error:
            raise _unanswered(url, error, retryable=True) from error
        except (InvalidHeader, HTTPError, OSError, ValueError) as error:
            raise _unanswered(url, error, retryable=False) from error

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        """Through the proxy that the environment names for this API, if it names one."""
        url = urlsplit(self.url)
        settings: dict[str, Any] = {
            "maxsize": _POOL,
            "retries": False,
            "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS, read=_TIMEOUT_SECONDS),
        }
        proxy = urllib.request.getproxies().get(url.scheme)
        if proxy and not urllib.request.proxy_bypass(url.netloc):
            return urllib3.ProxyManager(proxy, **settings)
        return urllib3.PoolManager(**settings)

    def _once(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        authorized = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        response = self.raw(method, url, data, {**headers, **authorized})
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise problem_of(response.status, url, response.data, _retry_after(response))
        try:
            answer = json.loads(response.data)
        except ValueError as error:
            sentence = f"{self.url} does not answer as this API ({error})."
            raise UnexpectedAnswerError(sentence, response.status) from error
        if not isinstance(answer, dict):
            raise UnexpectedAnswerError(f"{url} answered no JSON object.", response.status)
        return cast(dict[str, Any], answer)


def filled(path: str, *parts: str | int) -> str:
    """``path`` with its ``{}`` filled by ``parts``, quoted."""
    return path.format(*(quote(str(part), safe="") for part in parts))


def _pauses() -> Iterator[float | None]:
    """Before each further try, shorter by chance, so that many clients do not come back at once;
    None when there is none."""
    for pause in _PAUSES_S:
        yield pause * random.uniform(0.5, 1)  # noqa: S311  no secret
    yield None


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds, also where the header has a date."""
    try:
        return urllib3.Retry(retry_after_max=_MONTH_S).get_retry_after(response)
    except InvalidHeader:
        return None


def _unanswered(url: str, error: Exception, *, retryable: bool) -> ApiError:
    address = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    why = str(error).rpartition(": ")[2] or type(error).__name__
    return UnavailableError(f"{address} does not answer ({why}).", "no_answer", retryable=retryable)


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
