"""Signatures of webhooks as the Standard Webhooks specification has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

SECRET_START: Final = "whsec_"  # noqa: S105  what all of them begin with
SECRET_BYTES: Final = 32
VERSION: Final = "v1"


def new_secret() -> str:
    return SECRET_START + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Of a body, its id and the time of this attempt, in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET_START))
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"{VERSION}," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def headers(keys: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """By each of ``keys``: while a secret is being replaced, a receiver may have either."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
    }
