"""Credentials as Lambda gives them: in the environment, under SnapStart from an address in it.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html#snapstart-credentials
"""

import http.client
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from lambdas.aws.errors import CredentialsError

URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
# As botocore has them.
_HOSTS = {"localhost", "127.0.0.1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1"}
_RENEW_S = 15 * 60.0
_ATTEMPTS, _TIMEOUT_S, _PAUSE_S = 3, 2.0, 1.0
_TRY_AGAIN_S = 60.0


@dataclass(frozen=True)
class Credentials:
    """``expires_at``: in seconds since 1970, None for those that last as long as the process."""

    access_key: str
    secret_key: str
    token: str | None
    expires_at: float | None = None


class CredentialSource:
    """Gives the credentials of a call, and renews those that expire a quarter of an hour before."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._found: Credentials | None = None
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def get(self) -> Credentials:
        """Raises `CredentialsError`."""
        key, secret = (os.environ.get(f"AWS_{n}") for n in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
        if key and secret:
            return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
        with self._lock:
            known = self._found
            if known is None or self._now() >= self._renew_at:
                known = self._found = self._renewed(known)
            return known

    def _renewed(self, known: Credentials | None) -> Credentials:
        try:
            found = self._fetch()
        except CredentialsError:
            if known is None or self._now() >= (known.expires_at or 0):
                raise
            self._renew_at = self._now() + _TRY_AGAIN_S
            return known  # those are good for some minutes more
        end = found.expires_at
        self._renew_at = float("inf") if end is None else end - _RENEW_S
        return found

    def _fetch(self) -> Credentials:
        reason: Exception | None = None
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(_PAUSE_S)
            try:
                return _read(os.environ[URI])
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                reason = error
        raise CredentialsError(f"no credentials could be had: {reason!r}") from reason


def _read(address: str) -> Credentials:
    """Raises `OSError`, `HTTPException`, `ValueError` and `KeyError`."""
    url = urlsplit(address)
    if url.scheme != "http" or url.hostname not in _HOSTS:
        raise ValueError(f"{URI} is not an address of Lambda")
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=_TIMEOUT_S)
    try:
        target = url.path + (f"?{url.query}" if url.query else "")
        connection.request(
            "GET", target, headers={"Accept": "application/json", **_authorization()}
        )
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ValueError(f"the answer has the status {answer.status}")
    told = json.loads(data)
    end = told.get("Expiration")
    return Credentials(
        told["AccessKeyId"],
        told["SecretAccessKey"],
        told.get("Token"),
        None if end is None else datetime.fromisoformat(end).timestamp(),
    )


def _authorization() -> dict[str, str]:
    """Read each time: the file's content changes."""
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    token = Path(file).read_text() if file else os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if token is None:
        return {}
    if "\r" in token or "\n" in token:
        raise ValueError("the authorization token has a line break")
    return {"Authorization": token}
