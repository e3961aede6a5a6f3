"""API keys of programs: text, hash at rest, and the store.

A key is ``vf_<prefix>_<secret>``. The prefix is public and names it; of the secret, which is shown
once, only the SHA-256 is kept. It is random and long, so a slow hash would add nothing.

Rows: ``KEY / <prefix>`` for a key and ``USE / <prefix>`` for its last use, so that a policy can let
the authorizer write the second and only read the first.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from visionflow import dynamodb, strict
from visionflow.access.caller import Caller
from visionflow.access.roles import Scope
from visionflow.errors import KeyNotFoundError, NotSignedInError
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Partitions of the table.
KEYS, USES = "KEY", "USE"

_PREFIX_BYTES, _SECRET_BYTES = 5, 32
_KEY = re.compile(r"vf_([a-z2-7]{8})_([a-z2-7]{52})")
_PREFIX = re.compile(r"[a-z2-7]{8}")
USE_PRECISION = timedelta(minutes=1)
# A key that can no longer be used stays in the list this long.
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class KeyRecord:
    """A key as its row has it, without its hash. Times are text in UTC; a limit that is null is the
    stage's."""

    prefix: str
    name: str
    scopes: tuple[Scope, ...]
    requests_per_minute: int | None
    requests_per_month: int | None
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None

    @property
    def caller(self) -> Caller:
        return Caller(
            f"key:{self.prefix}",
            self.name,
            frozenset(self.scopes),
            requests_per_minute=self.requests_per_minute,
            requests_per_month=self.requests_per_month,
        )


@dataclass(frozen=True)
class ApiKey(KeyRecord):
    """With the time of its last use, to a minute; null before the first."""

    last_used_at: str | None


class KeyStore:
    """Owns the table of API keys."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def add(
        self,
        *,
        name: str,
        scopes: tuple[Scope, ...],
        requests_per_minute: int | None,
        requests_per_month: int | None,
        by: str,
        now: datetime,
        expires_at: datetime | None,
    ) -> tuple[str, KeyRecord]:
        """Make a key. Its text is returned here and can never be read again."""
        prefix, secret = _random(_PREFIX_BYTES), _random(_SECRET_BYTES)
        key = KeyRecord(
            prefix=prefix,
            name=name,
            scopes=scopes,
            requests_per_minute=requests_per_minute,
            requests_per_month=requests_per_month,
            created_at=timestamp(now),
            created_by=by,
            expires_at=timestamp(expires_at) if expires_at else None,
            revoked_at=None,
        )
        row = {**strict.to_dict(key), "sha256": _sha256(secret), **_keys(KEYS, prefix)}
        if expires_at:
            row["forget_at"] = _forget_at(expires_at)
        self._client.put_item(
            TableName=self._table,
            Item=dynamodb.to_item(row),
            ConditionExpression="attribute_not_exists(pk)",
        )
        return f"vf_{prefix}_{secret}", key

    def list(self) -> tuple[ApiKey, ...]:
        """All keys, the newest first, those that cannot be used any more for `KEPT`."""
        uses = {row["sk"]: row["last_used_at"] for row in self._rows(USES)}
        keys = (_parse(row) for row in self._rows(KEYS))
        used = (strict.extended(ApiKey, k, last_used_at=uses.get(k.prefix)) for k in keys)
        return tuple(sorted(used, key=lambda key: key.created_at, reverse=True))

    def revoke(self, prefix: str, now: datetime) -> ApiKey:
        """A key that is revoked already stays as it is. Raises `KeyNotFoundError`."""
        if not _PREFIX.fullmatch(prefix):
            raise _not_found(prefix)
        # Where the condition does not hold, it is revoked already, or there is none.
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=dynamodb.to_item(_keys(KEYS, prefix)),
                UpdateExpression=(
                    "SET revoked_at = :now, forget_at = if_not_exists(forget_at, :forget)"
                ),
                ConditionExpression="attribute_exists(pk) AND revoked_at = :none",
                ExpressionAttributeValues=dynamodb.to_item(
                    {":now": timestamp(now), ":none": None, ":forget": _forget_at(now)}
                ),
            )
        row, use = self._row(KEYS, prefix), self._row(USES, prefix)
        if row is None:
            raise _not_found(prefix)
        return strict.extended(ApiKey, _parse(row), last_used_at=use and use["last_used_at"])

    def find(self, text: str, now: datetime) -> KeyRecord:
        """The key whose text this is. Raises `NotSignedInError` for any that may not be used."""
        match = _KEY.fullmatch(text)
        if match is None:
            raise NotSignedInError("This is not the form of an API key.")
        prefix, secret = match.groups()
        found = self._row(KEYS, prefix)
        if found is None or not hmac.compare_digest(found["sha256"], _sha256(secret)):
            raise NotSignedInError("There is no such API key.")
        key = _parse(found)
        if key.revoked_at is not None:
            raise NotSignedInError(f"API key {prefix} is revoked.")
        if key.expires_at is not None and key.expires_at <= timestamp(now):
            raise NotSignedInError(f"API key {prefix} has expired.")
        return key

    def note_use(self, prefix: str, now: datetime) -> None:
        """Keep ``now`` as the last use, unless one of the last minute is known."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=dynamodb.to_item(_keys(USES, prefix)),
                UpdateExpression="SET last_used_at = :now",
                ConditionExpression="attribute_not_exists(pk) OR last_used_at < :before",
                ExpressionAttributeValues=dynamodb.to_item(
                    {":now": timestamp(now), ":before": timestamp(now - USE_PRECISION)}
                ),
            )

    def _row(self, partition: str, prefix: str) -> dict[str, Any] | None:
        key = dynamodb.to_item(_keys(partition, prefix))
        row = dynamodb.read_item(self._client, self._table, key)
        return None if row is None else dynamodb.from_item(row)

    def _rows(self, partition: str) -> Iterator[dict[str, Any]]:
        rows = dynamodb.query(self._client, self._table, "pk = :pk", {":pk": partition})
        return map(dynamodb.from_item, rows)


def _random(size: int) -> str:
    return base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _keys(partition: str, prefix: str) -> dict[str, str]:
    return {"pk": partition, "sk": prefix}


def _forget_at(unusable: datetime) -> int:
    """When DynamoDB may delete the row of a key, in seconds since 1970."""
    return int((unusable.astimezone(UTC) + KEPT).timestamp())


def _parse(row: Mapping[str, Any]) -> KeyRecord:
    public = {n: v for n, v in row.items() if n not in ("pk", "sk", "sha256", "forget_at")}
    return strict.parse(KeyRecord, public, "API key")


def _not_found(prefix: str) -> KeyNotFoundError:
    return KeyNotFoundError(f"There is no API key {prefix!r:.40}.")
