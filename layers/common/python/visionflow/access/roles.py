"""Roles of people and scopes of programs: the one table of who may do what.

A route needs one scope. A person has the scopes of all their roles; an API key has the scopes that
it was made with.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

Scope = Literal["predict", "read", "feedback", "label", "models", "jobs", "admin"]
Role = Literal["viewer", "labeller", "model-admin", "spender"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
ROLES: Final[tuple[Role, ...]] = get_args(Role)

EVERYTHING: Final[frozenset[Scope]] = frozenset(SCOPES)
_VIEWING: Final[frozenset[Scope]] = frozenset({"predict", "read", "feedback"})

# Who is signed in and has no other role is a viewer.
SCOPES_OF: Final[dict[Role, frozenset[Scope]]] = {
    "viewer": _VIEWING,
    # Feedback that outweighs a viewer's, and labels that no model knows yet.
    "labeller": _VIEWING | {"label"},
    # Moves aliases, manages API keys, reads the audit trail, erases.
    "model-admin": _VIEWING | {"label", "models", "admin"},
    # Starts training jobs, which cost money.
    "spender": _VIEWING | {"jobs"},
}

# What a stolen password must not be enough for.
NEEDS_SECOND_FACTOR: Final[frozenset[Scope]] = frozenset({"models", "admin"})


def weight_of(scopes: frozenset[Scope]) -> int:
    """How much feedback counts: an admin's 3, a labeller's 2, a viewer's 1."""
    if "admin" in scopes:
        return 3
    return 2 if "label" in scopes else 1


def scopes_of(roles: Iterable[str]) -> frozenset[Scope]:
    """All that somebody with ``roles`` may do; names that are not roles add nothing."""
    return frozenset().union(*(SCOPES_OF[role] for role in roles_of(roles)))


def roles_of(names: Iterable[str]) -> tuple[Role, ...]:
    """The roles among ``names``, in the order of `ROLES`; who is signed in is always a viewer."""
    held = {"viewer", *names}
    return tuple(role for role in ROLES if role in held)
