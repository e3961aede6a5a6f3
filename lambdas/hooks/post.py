"""One POST to an address that somebody entered: bounded in time and size, and never to a network
that strangers could not reach themselves.

Names are resolved once, and what is checked is what is connected to: a name that leads elsewhere a
moment later gains nothing. Redirects are answers like any other, and not followed.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 3.0
MOST_ANSWER_BYTES: Final = 4096

# IPv4 addresses inside IPv6: a translator would lead to any of them.
_TRANSLATED: Final = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


class RefusedAddressError(Exception):
    """The receiver's name leads to an address that may not be connected to."""


@dataclass(frozen=True)
class Answer:
    """``status`` is null where no answer came; ``why`` is a sentence for all but success."""

    status: int | None
    why: str | None

    @property
    def ok(self) -> bool:
        return self.why is None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could connect to it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed(found: list[str], *, allow_loopback: bool) -> list[str]:
    """``found``, all of which may be connected to. Raises `RefusedAddressError`."""
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not (is_public(address) or (allow_loopback and address.is_loopback)):
            raise RefusedAddressError(f"{text} is not a public address.")
    return found


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_loopback: bool,
    timeout_s: float = TIMEOUT_S,
    resolve: Resolve = resolve,
) -> Answer:
    """Send ``body``; takes ``timeout_s`` at most, whatever the receiver does."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    try:
        addresses = allowed(resolve(host, port), allow_loopback=allow_loopback)
        plain = _connect(addresses, port, min(CONNECT_TIMEOUT_S, timeout_s))
    except RefusedAddressError as error:
        return Answer(None, str(error))
    except (OSError, ValueError) as error:
        return Answer(None, f"No connection: {error}"[:300])
    # Each step of a slow receiver may be in time, and their sum is not.
    cut = _Cut(plain)
    timer = Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        plain.settimeout(timeout_s)
        if secure:
            # The handshake comes after the timer knows the socket that replaces the plain one.
            cut.wire = _tls().wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
            cut.wire.do_handshake()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = _exchange(cut.wire, parts.netloc, path, body, headers)
        # The end of a connection is taken for the end of an answer's header.
        return _late(timeout_s) if cut.done else answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        if cut.done or isinstance(error, TimeoutError):
            return _late(timeout_s)
        return Answer(None, f"No answer: {error!r}"[:300])
    finally:
        timer.cancel()
        cut.wire.close()


def _late(timeout_s: float) -> Answer:
    return Answer(None, f"No answer within {timeout_s:g} s.")


@dataclass
class _Cut:
    """Ends at once what waits for the receiver."""

    wire: socket.socket
    done: bool = False

    def __call__(self) -> None:
        self.done = True
        with suppress(OSError):
            self.wire.shutdown(socket.SHUT_RDWR)


def _exchange(
    wire: socket.socket, host: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    connection = http.client.HTTPConnection(host)
    connection.sock = wire
    sent = {
        **headers,
        "Host": host,
        "Connection": "close",
        "Content-Type": "application/json",
        "User-Agent": "VisionFlow-Hooks/1",
    }
    connection.request("POST", path, body, sent)
    with connection.getresponse() as response:
        response.read(MOST_ANSWER_BYTES)
        status = response.status
    if 200 <= status < 300:
        return Answer(status, None)
    return Answer(status, f"The receiver answered with status {status}.")


def _connect(addresses: list[str], port: int, timeout_s: float) -> socket.socket:
    """To the first that takes it, within ``timeout_s`` for two at most."""
    error: OSError = OSError("the name has no address")
    for address in addresses[:2]:
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as found:
            error = found
    raise error


@lru_cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
