"""A check, what it finds, and running many at once."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

Status = Literal["ok", "warning", "missing", "unchecked"]

SECONDS = 20.0
"""After this long without an answer a check could not be made."""
_REFUSED = frozenset(
    ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
)


@dataclass(frozen=True)
class Found:
    """``missing``: a deployment would fail. ``warning``: it succeeds, and something of the stage
    will not. ``todo``: the command or the page that changes that."""

    status: Status
    said: str
    todo: str | None = None


@dataclass(frozen=True)
class Check:
    """``needs``: the IAM actions of its calls. ``before_deploy``: `visionflow deploy` makes it too,
    and ends where something is missing."""

    name: str
    look: Callable[[], Found]
    needs: tuple[str, ...] = ()
    before_deploy: bool = False


@dataclass(frozen=True)
class Result:
    """What a check found."""

    check: str
    status: Status
    said: str
    todo: str | None


def ok(said: str) -> Found:
    return Found("ok", said)


def warning(said: str, todo: str) -> Found:
    return Found("warning", said, todo)


def missing(said: str, todo: str) -> Found:
    return Found("missing", said, todo)


def unchecked(said: str, todo: str) -> Found:
    return Found("unchecked", said, todo)


def run(checks: Sequence[Check], seconds: float = SECONDS) -> tuple[Result, ...]:
    """The results in the order of ``checks``, which run at the same time. What does not answer
    within ``seconds`` is left behind: its thread ends with the process."""
    found: dict[int, Found | Exception] = {}

    def look(index: int, check: Check) -> None:
        try:
            found[index] = _looked(check)
        except Exception as error:  # Raised again below, in the thread of who asked.
            found[index] = error

    threads = [
        threading.Thread(target=look, args=(index, check), name=check.name, daemon=True)
        for index, check in enumerate(checks)
    ]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = unchecked(f"no answer within {seconds:g} seconds", "look at the network, and try again")
    results = []
    for index, check in enumerate(checks):
        seen = found.get(index, late)
        if isinstance(seen, Exception):
            raise seen
        results.append(Result(check.name, seen.status, seen.said, seen.todo))
    return tuple(results)


def _looked(check: Check) -> Found:
    try:
        return check.look()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            return unchecked(f"AWS refused: {error}", "try again; if it stays, ask AWS Support")
        refused = [name for name in check.needs if name.endswith(f":{error.operation_name}")]
        actions = ", ".join(refused or check.needs)
        return unchecked(
            f"these credentials may not look; that needs {actions}",
            f"have an administrator of the account allow {actions}",
        )
    except BotoCoreError as error:
        return unchecked(f"AWS cannot be reached: {error}", "look at the network, and try again")
    except OSError as error:
        return unchecked(f"{error.filename or 'error'}: {error.strerror or error}", "try again")
