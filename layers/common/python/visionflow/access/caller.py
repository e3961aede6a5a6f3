"""Who sends a request, once it is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from visionflow.access.roles import (
    EVERYTHING,
    NEEDS_SECOND_FACTOR,
    SCOPES_OF,
    Role,
    Scope,
    roles_of,
    scopes_of,
)
from visionflow.errors import ForbiddenError


@dataclass(frozen=True)
class Caller:
    """``id`` is stable and unique: ``user:<sub>``, ``key:<prefix>``, or `LOCAL`'s. ``name`` is
    verified, and is what people see: an e-mail address, or the name of an API key.

    ``second_factor`` says whether a person has an authenticator app; a program has no roles and
    no second factor. A limit of requests that is None is the stage's.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    roles: tuple[Role, ...] = ()
    second_factor: bool | None = None
    requests_per_minute: int | None = None
    requests_per_month: int | None = None

    @classmethod
    def person(cls, sub: str, name: str, groups: Iterable[str], *, second_factor: bool) -> Self:
        """Who is signed in. Without a second factor, the scopes that need one are left out."""
        roles = roles_of(groups)
        scopes = scopes_of(roles)
        if not second_factor:
            scopes -= NEEDS_SECOND_FACTOR
        return cls(f"user:{sub}", name, scopes, roles, second_factor)

    @property
    def waiting_roles(self) -> tuple[Role, ...]:
        """Roles that do not count in full until their holder has a second factor."""
        return tuple(role for role in self.roles if not SCOPES_OF[role] <= self.scopes)

    @property
    def is_admin(self) -> bool:
        return "admin" in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise `ForbiddenError` without ``scope``."""
        if scope not in self.scopes:
            raise ForbiddenError(
                f"This needs the scope {scope!r}; you have {' '.join(sorted(self.scopes))!r}."
            )


# Where requests need no token, the API is reached from its own machine only.
LOCAL = Caller("anonymous", "anonymous", EVERYTHING)
# Of a route that is open to everybody.
NOBODY = Caller("nobody", "nobody", frozenset())
