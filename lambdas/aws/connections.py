"""Connections that stay open from one call to the next."""

import http.client
import importlib.util
import os
import select
import ssl
import threading
from functools import lru_cache
from pathlib import Path

CONNECT_S, READ_S = 2.0, 5.0
# Kept while nothing is asked; boto3 keeps as many.
_MOST = 10


@lru_cache
def _trusted() -> ssl.SSLContext:
    """The authorities that the environment names, or those that the SDK of this interpreter has;
    without one, those of the system."""
    given = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if given:
        return ssl.create_default_context(cafile=given)
    sdk = importlib.util.find_spec("botocore")  # finds it, and does not import it
    bundle = Path(sdk.origin).with_name("cacert.pem") if sdk and sdk.origin else None
    return ssl.create_default_context(cafile=bundle if bundle and bundle.exists() else None)


class Connections:
    """The open connections to one host. Safe for threads; each call has one of its own."""

    def __init__(self, host: str, port: int | None, *, secure: bool) -> None:
        self._host, self._port, self._secure = host, port, secure
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def take(self) -> http.client.HTTPConnection:
        """One that is open, or a new one, connected. Raises `OSError`."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if _is_quiet(connection):
                return connection
            connection.close()  # the other side has closed it, say while this process was frozen

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Whose answer was read to its end."""
        with self._lock:
            if connection.sock is not None and len(self._idle) < _MOST:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close those that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    __del__ = close

    def _connect(self) -> http.client.HTTPConnection:
        made = (
            http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, context=_trusted()
            )
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
        )
        try:
            made.connect()
        except BaseException:
            made.close()
            raise
        made.sock.settimeout(READ_S)
        return made


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether nothing has come since the last answer, not even the end."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)
