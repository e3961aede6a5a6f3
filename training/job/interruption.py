"""The spot interruption notice, which EC2 gives two minutes before it takes a machine back."""

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

METADATA = "http://169.254.169.254"
POLL_SECONDS = 5.0
_TIMEOUT = 2.0


def metadata_address() -> str | None:
    """The address of the instance metadata service, from the variables that AWS's own tools read;
    None where they disable it."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    return os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", METADATA).rstrip("/")


def interruption_notice(address: str) -> str | None:
    """What EC2 will do to this machine and when; None without a notice or a metadata service.

    IMDSv2 asks for a token first. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
    """
    token = _call(address, "PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    if token is None:
        return None
    headers = {"X-aws-ec2-metadata-token": token}
    notice = _call(address, "GET", "meta-data/spot/instance-action", headers)
    if notice is None:
        return None
    try:
        action = json.loads(notice)
        return f"{action['action']} at {action['time']}"
    except (ValueError, KeyError, TypeError):
        return notice[:100]


class SpotWatch:
    """Looks for the notice every few seconds while it is open; calls ``on_notice`` once."""

    def __init__(
        self,
        address: str | None,
        on_notice: Callable[[str], object],
        interval: float = POLL_SECONDS,
    ) -> None:
        self._address = address
        self._on_notice = on_notice
        self._interval = interval
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="spot notice", daemon=True)

    def __enter__(self) -> "SpotWatch":
        if self._address is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._address is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closing.wait(self._interval):
            notice = interruption_notice(str(self._address))
            if notice is not None:
                self._on_notice(f"EC2 takes the spot instance back: {notice}.")
                return


def _call(address: str, method: str, path: str, headers: dict[str, str]) -> str | None:
    request = urllib.request.Request(  # noqa: S310  the address is AWS's own or the operator's
        f"{address}/latest/{path}", method=method, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            body: bytes = answer.read()
    except (urllib.error.URLError, OSError):
        return None
    return body.decode(errors="replace")
