"""What the caller may do."""

from dataclasses import dataclass
from typing import Self

from lambdas.api.resources import Resources
from visionflow.access.caller import Caller
from visionflow.access.quotas import QuotaLeft
from visionflow.access.roles import SCOPES, Role, Scope
from visionflow.access.usage import UsageStore


@dataclass(frozen=True)
class Me:
    """The caller. ``second_factor`` is null for a program, and where nobody signs in;
    ``waiting_roles`` do not count in full until there is one. ``quotas``: the caller's and the
    stage's."""

    id: str
    name: str
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    second_factor: bool | None
    waiting_roles: tuple[Role, ...]
    quotas: tuple[QuotaLeft, ...]


@dataclass(frozen=True)
class MeService:
    """Who calls, without HTTP."""

    usage: UsageStore

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.usage)

    def me(self, caller: Caller) -> Me:
        return Me(
            id=caller.id,
            name=caller.name,
            roles=caller.roles,
            scopes=tuple(scope for scope in SCOPES if scope in caller.scopes),
            second_factor=caller.second_factor,
            waiting_roles=caller.waiting_roles,
            quotas=self.usage.left(caller),
        )
