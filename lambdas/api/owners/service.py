"""Erasing all records of one owner, some at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas.api.resources import Resources
from lambdas.web.parameters import short_text
from visionflow.insights.erasure import Erasure

# A record takes about ten calls, and API Gateway waits for 30 seconds.
ERASED_PER_CALL = 25


@dataclass(frozen=True)
class ErasedOwner:
    """How many records this call has erased. ``left``: there are more; send the request again."""

    erased: int
    left: bool


@dataclass(frozen=True)
class OwnerService:
    """Erases without HTTP."""

    erasure: Erasure

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.erasure)

    def erase(self, owner: str, now: datetime) -> ErasedOwner:
        """Raises `InvalidParameterError` for what cannot be an owner."""
        found = short_text("owner", owner) or ""
        return ErasedOwner(*self.erasure.erase_owner(found, ERASED_PER_CALL, now))
