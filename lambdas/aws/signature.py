"""AWS Signature Version 4, in a request's headers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
A test compares it with botocore's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from lambdas.aws.credentials import Credentials

UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"


def encoded(text: str, safe: str = "") -> str:
    return quote(text, safe=f"~{safe}")


def query_string(query: Mapping[str, str]) -> str:
    return "&".join(sorted(f"{encoded(name)}={encoded(value)}" for name, value in query.items()))


def signed_headers(
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload_hash: str,
    credentials: Credentials,
    scope: tuple[str, str],
    now: datetime,
) -> dict[str, str]:
    """``headers`` with those that sign them. They must have ``host``; ``path`` is encoded already.

    ``payload_hash``: SHA-256 of the body in hexadecimal digits, or `UNSIGNED`; ``scope``: region
    and service; ``now``: UTC.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    found = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    found["x-amz-date"] = moment
    if credentials.token:
        found["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(found))
    lines = "".join(f"{name}:{found[name]}\n" for name in sorted(found))
    canonical = "\n".join((method, path, query_string(query), lines, names, payload_hash))
    where = "/".join((moment[:8], *scope, "aws4_request"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((_ALGORITHM, moment, where, digest))
    key = b"AWS4" + credentials.secret_key.encode()
    for part in where.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    found["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{where}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return found
