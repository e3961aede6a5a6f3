"""A client of the HTTP API, with the standard library alone."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from types import MappingProxyType
from typing import Any

from infra.errors import CommandError

_TIMEOUT_SECONDS = 60
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# A command that waits asks hundreds of times, and the API may be out of service for a moment. What
# creates or changes something is sent once: a request without an answer may have done it.
_REPEATED = ("GET", "DELETE")
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)


class ApiProblemError(CommandError):
    """The API refused; ``code`` is that of its problem document, None without one.

    ``is_passing``: the same request may be answered in a moment.
    """

    is_passing = False

    def __init__(
        self, sentence: str, code: str | None, answer: dict[str, Any] | None = None
    ) -> None:
        """``answer``: the JSON object that it sent, where it is one."""
        super().__init__(sentence)
        self.code = code
        self.answer = answer

    @property
    def is_refusal(self) -> bool:
        """Whether the same request will be refused however often it is sent."""
        return not self.is_passing and self.code != "quota_exceeded"


class _OutOfServiceError(ApiProblemError):
    """The API, or a part of it, is out of service."""

    is_passing = True


@dataclass(frozen=True)
class ApiClient:
    """``key`` is an API key for stages that ask for one; the local cloud does not.

    Raises `CommandError` for what is no URL, for one by which the key would travel unencrypted,
    and for a key that no header can hold.
    """

    api_url: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        url = urllib.parse.urlsplit(self.api_url)
        if self.key and url.scheme != "https" and url.hostname not in _LOOPBACK:
            raise CommandError(f"{self.api_url} is not encrypted; no key is sent to it.")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise CommandError(
                f"{self.api_url!r:.200} is not the URL of an API; it begins with https:// and is "
                "the output ApiUrl of the stage."
            )
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            raise CommandError(
                "The API key has a line break or other letters that no key has; copy it again."
            )

    def predict(
        self,
        image: bytes,
        *,
        top_k: int | None = None,
        explain: bool = False,
        coverage: float | None = None,
        filename: str | None = None,
    ) -> dict[str, Any]:
        """Classify one image; the answer is the API's JSON."""
        return self._call(
            "POST",
            "/predict",
            {"top_k": top_k, "explain": "true" if explain else None, "coverage": coverage},
            body=image,
            content_type="application/octet-stream",
            filename=filename,
        )

    def upload_form(self, content_type: str, size: int, filename: str) -> dict[str, Any]:
        """A signed request that uploads one image of ``size`` bytes to the bucket."""
        request = {"content_type": content_type, "bytes": size, "filename": filename}
        body = json.dumps(request).encode()
        return self._call("POST", "/uploads", {}, body=body, content_type="application/json")

    def prediction(self, prediction_id: str) -> dict[str, Any] | None:
        """One prediction; None while there is none with this id."""
        try:
            return self._call("GET", f"/predictions/{prediction_id}", {})
        except ApiProblemError as error:
            if error.code == "prediction_not_found":
                return None
            raise

    def explanation(self, prediction_id: str) -> dict[str, Any]:
        """The heatmap of a recorded image by the version that answered, null where it has none."""
        return self._call("GET", f"/predictions/{prediction_id}/explanation", {})

    def logs(self, **query: str | int | None) -> dict[str, Any]:
        """One page of predictions, newest first; the API's filters are the keyword arguments."""
        return self._call("GET", "/logs", query)

    def health(self, *, public: bool = False) -> dict[str, Any]:
        """Whether images can be classified, also where they cannot: `/status`, or the ``public``
        `/health`, which tells everybody less."""
        request = self._request("GET", "/health" if public else "/status", {})
        try:
            return self._answer(request)
        except ApiProblemError as error:
            if error.answer is None or "status" not in error.answer or error.code is not None:
                raise
            return error.answer

    def erase(self, prediction_id: str) -> dict[str, Any]:
        """Erase one prediction with all that was made from its image."""
        return self._call(
            "DELETE", f"/predictions/{urllib.parse.quote(prediction_id, safe='')}", {}
        )

    def erase_owner(self, owner: str) -> dict[str, Any]:
        """Erase some of what ``owner`` sent; the answer says whether any is left."""
        return self._call("DELETE", f"/owners/{urllib.parse.quote(owner, safe='')}", {})

    def audit(self, **query: str | int | None) -> dict[str, Any]:
        """One page of the audit trail, the latest change first."""
        return self._call("GET", "/audit", query)

    def keys(self) -> dict[str, Any]:
        """All API keys."""
        return self._call("GET", "/keys", {})

    def create_key(self, wanted: Mapping[str, object]) -> dict[str, Any]:
        """Make an API key; the answer has its text."""
        body = json.dumps(wanted).encode()
        return self._call("POST", "/keys", {}, body=body, content_type="application/json")

    def revoke_key(self, prefix: str) -> dict[str, Any]:
        """Refuse an API key from now on."""
        return self._call("DELETE", f"/keys/{urllib.parse.quote(prefix, safe='')}", {})

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] = MappingProxyType({}),
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """Call any route, with ``body`` as JSON; the parts of ``path`` must be quoted."""
        data = None if body is None else json.dumps(body).encode()
        content_type = None if body is None else "application/json"
        return self._call(method, path, query, body=data, content_type=content_type)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | float | None],
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> dict[str, Any]:
        """Raises `ApiProblemError` with the API's own text when it refuses. Where it is out of
        service, reads and deletions are tried again first, for half a minute."""
        request = self._request(method, path, query, body)
        if content_type:
            request.add_header("Content-Type", content_type)
        if filename:
            name = urllib.parse.quote(filename, safe="", errors="replace")
            request.add_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        for pause in _PAUSES_S if method in _REPEATED else ():
            with suppress(_OutOfServiceError):
                return self._answer(request)
            time.sleep(pause)
        return self._answer(request)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | float | None],
        body: bytes | None = None,
    ) -> urllib.request.Request:
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.api_url}{path}?{urllib.parse.urlencode(given)}"
        request = urllib.request.Request(url, body, method=method)  # noqa: S310  the deployment's own
        if self.key:
            # Left behind by a redirection.
            request.add_unredirected_header("Authorization", f"Bearer {self.key}")
        return request

    def _answer(self, request: urllib.request.Request) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(error) from error
        except (OSError, HTTPException, ValueError) as error:
            sentence = f"{self.api_url} does not answer ({error})."
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(reason, (TimeoutError, ConnectionResetError, HTTPException)):
                raise _OutOfServiceError(sentence, None) from error
            # A wrong address, or nothing that listens there.
            raise CommandError(sentence) from error


def _problem(error: urllib.error.HTTPError) -> ApiProblemError:
    text = error.read()
    server_error = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = _OutOfServiceError if server_error else ApiProblemError
    problem = None
    try:
        problem = json.loads(text)
        sentence = f"{problem['detail']} ({error.code}, {problem['code']})"
        return kind(sentence, problem["code"])
    except (ValueError, KeyError, TypeError):
        if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            # API Gateway's own answer says no more.
            sentence = (
                f"The API does not accept the key ({error.code}): it is missing, unknown, expired "
                "or revoked."
            )
            return kind(sentence, None, problem if isinstance(problem, dict) else None)
        sentence = f"{error.url} answered {error.code}: {text[:200].decode(errors='replace')}"
        return kind(sentence, None, problem if isinstance(problem, dict) else None)
