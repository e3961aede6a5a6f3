"""Query parameters from text. A bad value is an `InvalidParameterError`, never a guess."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, get_args

from visionflow.errors import InvalidParameterError
from visionflow.timestamps import timestamp

MAX_TEXT = 200
# Counters have rows for each day, and a request waits until all of them are read.
MAX_DAYS = 366
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,18})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Items per page.
DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def only(query: Mapping[str, str], *names: str) -> None:
    """Refuse a parameter that the route does not know: it is probably misspelt."""
    if unknown := sorted(set(query) - set(names)):
        taken = ", ".join(names) or "none"
        raise InvalidParameterError(
            f"unknown parameter {unknown[0]!r:.40}; this route takes {taken}.", unknown[0]
        )


def short_text(name: str, text: str | None) -> str | None:
    """A value to look for, no longer than a DynamoDB key may be."""
    if text is not None and not 1 <= len(text) <= MAX_TEXT:
        raise InvalidParameterError(f"{name} must have 1 to {MAX_TEXT} characters.", name)
    return text


def whole_number(name: str, text: str | None) -> int | None:
    """None stays None; the caller knows the default and the range."""
    if text is None:
        return None
    # int() would also take "1_0", " 5" and digits of other scripts.
    if not (text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 9):
        raise InvalidParameterError(f"{name} must be a whole number, found {text!r:.40}.", name)
    return int(text)


def decimal(name: str, text: str | None) -> float | None:
    """None stays None; the caller knows the range."""
    if text is None:
        return None
    # float() would also take "nan", "1_0", " .5" and digits of other scripts.
    if not _DECIMAL.fullmatch(text):
        raise InvalidParameterError(
            f"{name} must be a number such as 0.95, found {text!r:.40}.", name
        )
    return float(text)


def limit(text: str | None, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
    """How many items a page has."""
    found = whole_number("limit", text)
    if found is None:
        return default
    if not 1 <= found <= most:
        raise InvalidParameterError(f"limit must be between 1 and {most}, found {found}.", "limit")
    return found


def flag(name: str, text: str | None, *, default: bool = False) -> bool:
    if text not in (None, "true", "false"):
        raise InvalidParameterError(f"{name} must be true or false, found {text!r:.40}.", name)
    return default if text is None else text == "true"


def choice(name: str, text: str | None, literal: Any) -> Any:
    """One of the values of a ``Literal`` type, or None."""
    options = get_args(literal)
    if text is not None and text not in options:
        raise InvalidParameterError(
            f"{name} must be {' or '.join(options)}, found {text!r:.40}.", name
        )
    return text


def moment(name: str, text: str | None) -> str | None:
    """An ISO 8601 time with its zone, as records spell it. A date is the whole day, in UTC: its
    first moment for ``from``, its last for all others."""
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            clock = time.min if name == "from" else time.max
            return timestamp(datetime.combine(date.fromisoformat(text), clock, UTC))
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return timestamp(at)
    except (ValueError, OverflowError) as error:
        raise InvalidParameterError(
            f"{name} must be a date such as 2030-01-31, or an ISO 8601 time with a zone such as "
            f"2030-01-31T12:00:00Z, found {text!r:.40}.",
            name,
        ) from error


def whole_days(since: str, until: str) -> tuple[str, str]:
    """The days (UTC) of two times as records spell them, the first and the last included."""
    first, last = since[:10], until[:10]
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if days < 1:
        raise InvalidParameterError("from must not be later than to.", "from")
    if days > MAX_DAYS:
        raise InvalidParameterError(f"from and to may include at most {MAX_DAYS} days.", "from")
    return first, last
