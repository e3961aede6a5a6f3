"""What the HTTP functions answer when something is wrong."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """An error as RFC 9457 has it. ``code`` is stable and meant for programs; ``retryable``: the
    same request may succeed later. ``field``: what of the request is at fault, by its dotted name,
    where that is known."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    field: str | None
    retryable: bool
