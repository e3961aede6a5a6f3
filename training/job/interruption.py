"""The spot interruption notice, which EC2 gives two minutes before it takes a machine back."""

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from visionflow.sentences import say

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


@contextmanager
def spot_watch(
    address: str | None, on_notice: Callable[[str], object], interval: float = POLL_SECONDS
) -> Iterator[None]:
    """Look for the notice at ``address`` every ``interval`` seconds during the block; call
    ``on_notice`` once. Without an address nothing is watched."""
    if address is None:
        yield
        return
    closing = threading.Event()

    def watch() -> None:
        while not closing.wait(interval):
            notice = interruption_notice(address)
            if notice is not None:
                on_notice(say("spot_notice", notice=notice))
                return

    thread = threading.Thread(target=watch, name="spot notice", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing.set()
        thread.join()


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
