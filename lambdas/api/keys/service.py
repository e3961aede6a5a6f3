"""API keys of programs: make, list, revoke."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from lambdas.api.resources import Resources
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.access.keys import ApiKey, KeyStore
from visionflow.access.roles import SCOPES, Scope
from visionflow.errors import InvalidParameterError

LONGEST_NAME = 64
MOST_PER_MINUTE = 100_000
MOST_PER_MONTH = 100_000_000
LONGEST_LIFE_DAYS = 3650


@dataclass(frozen=True)
class KeyRequest:
    """The key to make. A limit that is left out is the stage's; a key without ``expires_in_days``
    is good until it is revoked."""

    name: str
    scopes: tuple[Scope, ...]
    requests_per_minute: int | None = None
    requests_per_month: int | None = None
    expires_in_days: int | None = None


@dataclass(frozen=True)
class NewKey(ApiKey):
    """A key with its text, ``key``, which is not shown again."""

    key: str


@dataclass(frozen=True)
class KeyPage:
    """All keys, the newest first."""

    items: tuple[ApiKey, ...]


@dataclass(frozen=True)
class KeyService:
    """Keys without HTTP."""

    store: KeyStore

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.keys)

    def list(self) -> KeyPage:
        return KeyPage(self.store.list())

    def create(self, wanted: KeyRequest, caller: Caller, now: datetime) -> NewKey:
        """Raises `ForbiddenError` for a scope that the caller has not, and `InvalidParameterError`
        for anything out of its range."""
        name = wanted.name.strip()
        if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
            raise InvalidParameterError(
                f"name must have 1 to {LONGEST_NAME} printable characters.", "name"
            )
        if not wanted.scopes:
            raise InvalidParameterError(
                f"scopes must name at least one of {', '.join(SCOPES)}.", "scopes"
            )
        for scope in wanted.scopes:
            caller.require(scope)
        limits = (
            ("requests_per_minute", wanted.requests_per_minute, MOST_PER_MINUTE),
            ("requests_per_month", wanted.requests_per_month, MOST_PER_MONTH),
            ("expires_in_days", wanted.expires_in_days, LONGEST_LIFE_DAYS),
        )
        for field, value, most in limits:
            if value is not None and not 1 <= value <= most:
                raise InvalidParameterError(
                    f"{field} must be between 1 and {most}, found {value}.", field
                )
        days = wanted.expires_in_days
        text, record = self.store.add(
            name=name,
            scopes=tuple(scope for scope in SCOPES if scope in wanted.scopes),
            requests_per_minute=wanted.requests_per_minute,
            requests_per_month=wanted.requests_per_month,
            by=caller.name,
            now=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        return strict.extended(NewKey, record, last_used_at=None, key=text)

    def revoke(self, prefix: str, now: datetime) -> ApiKey:
        """Raises `KeyNotFoundError`."""
        return self.store.revoke(prefix, now)
