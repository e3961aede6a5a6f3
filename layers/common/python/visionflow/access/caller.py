"""Who sends a request, once it is known."""

from dataclasses import dataclass

from visionflow.access.roles import EVERYTHING, Scope
from visionflow.errors import ForbiddenError


@dataclass(frozen=True)
class Caller:
    """``id`` is stable and unique: ``user:<sub>``, ``key:<prefix>``, or `LOCAL`'s. ``name`` is
    verified, and is what people see: an e-mail address, or the name of an API key. A key may have
    numbers of requests of its own; None is the stage's."""

    id: str
    name: str
    scopes: frozenset[Scope]
    requests_per_minute: int | None = None
    requests_per_month: int | None = None

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
