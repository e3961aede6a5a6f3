"""Times as text and ids that sort by time."""

import secrets
from datetime import UTC, datetime

# Crockford's base32 alphabet sorts as its values do, so ids of one source sort by time.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def timestamp(at: datetime) -> str:
    """Fixed-width ISO 8601 in UTC, so that text order is time order."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def new_id(at: datetime) -> str:
    """A fresh sortable id: 48 bits of milliseconds and 80 random bits (the layout of a ULID)."""
    value = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))
