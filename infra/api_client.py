"""A client of the HTTP API, with the standard library alone."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import CommandError

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class ApiClient:
    """``token`` is a sign-in token for stages that ask for one; the local cloud does not."""

    api_url: str
    token: str | None = None

    def predict(
        self, image: bytes, *, top_k: int | None = None, explain: bool = False
    ) -> dict[str, Any]:
        """Classify one picture; the answer is the API's JSON."""
        return self._call(
            "POST",
            "/predict",
            {"top_k": top_k, "explain": "true" if explain else None},
            body=image,
            headers={"Content-Type": "application/octet-stream"},
        )

    def logs(self, **query: str | int | None) -> dict[str, Any]:
        """One page of predictions, newest first; the API's filters are the keyword arguments."""
        return self._call("GET", "/logs", query)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Raises `CommandError` with the API's own sentence when it refuses."""
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.api_url}{path}?{urllib.parse.urlencode(given)}"
        request = urllib.request.Request(  # noqa: S310  api_url is the deployment's own
            url, data=body, method=method, headers=dict(headers or {})
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise CommandError(_sentence(error)) from error
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise CommandError(f"{self.api_url} does not answer ({error}).") from error


def token_from_environment() -> str | None:
    return os.environ.get("VISIONFLOW_TOKEN")


def _sentence(error: urllib.error.HTTPError) -> str:
    text = error.read()
    try:
        problem = json.loads(text)
        return f"{problem['detail']} ({error.code}, {problem['code']})"
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code}: {text[:200].decode(errors='replace')}"
