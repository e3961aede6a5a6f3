"""Which version answers which image: the aliases, how they move, and how a canary is drawn.

Nothing here does I/O; `visionflow.models.registry` stores these classes.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from visionflow.errors import (
    CanaryOrShadowError,
    InvalidParameterError,
    ModelInUseError,
    NothingInProductionError,
    NothingToRollBackToError,
)
from visionflow.models.ref import ModelRef
from visionflow.timestamps import timestamp

Alias = Literal["production", "canary", "shadow"]
Action = Literal["promote", "rollback", "canary", "shadow", "clear"]

PRODUCTION: Alias = "production"
CANARY: Alias = "canary"
SHADOW: Alias = "shadow"

# How many versions `rollback` can return through.
MAX_TRAIL = 20


@dataclass(frozen=True)
class Canary(ModelRef):
    """The version that answers ``percent`` (1..99) of the images in production's place."""

    percent: int

    @property
    def model(self) -> ModelRef:
        return ModelRef(self.name, self.version)


@dataclass(frozen=True)
class Trial:
    """The version that the rollback rule watches, and the time since when it serves."""

    alias: Alias
    model: ModelRef
    since: str


@dataclass(frozen=True)
class Move:
    """One line of the history: from ``moved_at`` on, ``alias`` points at this version.

    Name and version are null where the alias was taken away, ``percent`` for all but a canary.
    """

    alias: Alias
    name: str | None
    version: str | None
    percent: int | None
    moved_at: str
    by: str
    action: Action
    reason: str | None


@dataclass(frozen=True)
class Order:
    """Who wants a move, when and why. ``seen``: the revision of the aliases that they decided by;
    None for whatever serves then."""

    by: str
    at: datetime
    reason: str | None = None
    seen: int | None = None


@dataclass(frozen=True)
class Aliases:
    """What serves. ``trail``: what production was before, the latest last; ``revision`` counts the
    moves, and ``moved_at`` is the time of the last one ("" before the first)."""

    production: ModelRef | None = None
    canary: Canary | None = None
    shadow: ModelRef | None = None
    trail: tuple[ModelRef, ...] = ()
    trial: Trial | None = None
    revision: int = 0
    moved_at: str = ""

    def named(self, model: ModelRef) -> tuple[Alias, ...]:
        """The aliases that point at ``model``."""
        points = {PRODUCTION: self.production, SHADOW: self.shadow}
        points[CANARY] = self.canary.model if self.canary else None
        return tuple(alias for alias in (PRODUCTION, CANARY, SHADOW) if model == points.get(alias))

    @property
    def in_use(self) -> frozenset[ModelRef]:
        """What an alias points at, and what a rollback would return to."""
        canary = self.canary.model if self.canary else None
        found = (self.production, canary, self.shadow, *self.trail[-1:])
        return frozenset(model for model in found if model)

    def chosen_for(self, prediction_id: str) -> ModelRef | None:
        """Production, or the canary for its share of the ids. An id always gets the same one."""
        if self.canary and share_of(prediction_id) < self.canary.percent / 100:
            return self.canary.model
        return self.production

    def promoted(self, model: ModelRef, order: Order) -> "Step":
        """``model`` in production. It is no longer the canary or the shadow, if it was."""
        if self.production == model and self.canary is None:
            return Step(self, ())
        trail = self.trail
        if self.production and self.production != model:
            trail = (*trail, self.production)[-MAX_TRAIL:]
        at = self._next_time(order)
        return self._in_production(model, trail, Trial(PRODUCTION, model, at), "promote", order)

    def rolled_back(self, order: Order) -> "Step":
        """Production as it was before the last promotion, or the one before that when repeated.

        Raises `NothingToRollBackToError`.
        """
        if not self.trail:
            raise NothingToRollBackToError(
                "No version was in production before this one, so there is none to roll back to."
            )
        return self._in_production(self.trail[-1], self.trail[:-1], None, "rollback", order)

    def with_canary(self, model: ModelRef, percent: int, order: Order) -> "Step":
        """``model`` answers ``percent`` of the images.

        Raises `NothingInProductionError`, `ModelInUseError` when ``model`` itself is in production,
        `CanaryOrShadowError` when it is the shadow, and `InvalidParameterError` for a share that is
        not a canary's.
        """
        if not 1 <= percent <= 99:
            raise InvalidParameterError(
                f"percent must be between 1 and 99, found {percent}.", "percent"
            )
        self._require_another_in_production(model)
        if self.shadow == model:
            raise CanaryOrShadowError(
                f"{model.text} is the shadow; end the shadow, then make it the canary."
            )
        canary = Canary(model.name, model.version, percent)
        if canary == self.canary:
            return Step(self, ())
        at = self._next_time(order)
        # A larger share of the same version is the same trial.
        trial = Trial(CANARY, model, at)
        if self.trial and (self.trial.alias, self.trial.model) == (CANARY, model):
            trial = self.trial
        after = replace(self, canary=canary, trial=trial)
        return self._step(after, ((CANARY, canary, "canary"),), order)

    def without_canary(self, order: Order) -> "Step":
        if self.canary is None:
            return Step(self, ())
        return self._step(replace(self, canary=None, trial=None), ((CANARY, None, "clear"),), order)

    def with_shadow(self, model: ModelRef, order: Order) -> "Step":
        """``model`` looks at every image after it was answered.

        Raises `NothingInProductionError`, `ModelInUseError` when ``model`` is in production, and
        `CanaryOrShadowError` when it is the canary.
        """
        self._require_another_in_production(model)
        if self.canary and self.canary.model == model:
            raise CanaryOrShadowError(
                f"{model.text} is the canary; end the canary, then make it the shadow."
            )
        if self.shadow == model:
            return Step(self, ())
        return self._step(replace(self, shadow=model), ((SHADOW, model, "shadow"),), order)

    def without_shadow(self, order: Order) -> "Step":
        if self.shadow is None:
            return Step(self, ())
        return self._step(replace(self, shadow=None), ((SHADOW, None, "clear"),), order)

    def forgetting(self, model: ModelRef) -> "Aliases":
        """Without ``model`` among the versions that a rollback can return to.

        Raises `ModelInUseError` while an alias points at it.
        """
        if aliases := self.named(model):
            raise ModelInUseError(
                f"{model.name} {model.version} serves as {' and '.join(aliases)}; "
                "move the alias first."
            )
        trail = tuple(earlier for earlier in self.trail if earlier != model)
        return replace(self, trail=trail, revision=self.revision + 1)

    def _require_another_in_production(self, model: ModelRef) -> None:
        if self.production is None:
            raise NothingInProductionError("Nothing is in production yet; promote a version first.")
        if self.production == model:
            raise ModelInUseError(
                f"{model.name} {model.version} is in production; it cannot run beside itself."
            )

    def _in_production(
        self,
        model: ModelRef,
        trail: tuple[ModelRef, ...],
        trial: Trial | None,
        action: Action,
        order: Order,
    ) -> "Step":
        """Whatever moves production ends the canary, which was measured against another one."""
        changes: list[tuple[Alias, ModelRef | None, Action]] = []
        if self.production != model:
            changes.append((PRODUCTION, model, action))
        if self.canary:
            changes.append((CANARY, None, "clear"))
        shadow = self.shadow
        if shadow == model:
            shadow = None
            changes.append((SHADOW, None, "clear"))
        after = replace(
            self, production=model, canary=None, shadow=shadow, trail=trail, trial=trial
        )
        return self._step(after, tuple(changes), order)

    def _step(
        self,
        after: "Aliases",
        changes: tuple[tuple[Alias, ModelRef | None, Action], ...],
        order: Order,
    ) -> "Step":
        at = self._next_time(order)
        moves = tuple(
            Move(
                alias=alias,
                name=model.name if model else None,
                version=model.version if model else None,
                percent=model.percent if isinstance(model, Canary) else None,
                moved_at=at,
                by=order.by,
                action=action,
                reason=order.reason,
            )
            for alias, model, action in changes
        )
        return Step(replace(after, revision=self.revision + 1, moved_at=at), moves)

    def _next_time(self, order: Order) -> str:
        """The order's time, or just after the last move where the callers' clocks disagree."""
        at = timestamp(order.at)
        if at > self.moved_at:
            return at
        last = datetime.fromisoformat(self.moved_at).astimezone(UTC)
        return timestamp(last + timedelta(microseconds=1))


@dataclass(frozen=True)
class Step:
    """The aliases after a move, and its lines for the history (none when nothing changed)."""

    aliases: Aliases
    moves: tuple[Move, ...]


def share_of(prediction_id: str) -> float:
    """A fixed point in [0, 1) for an id, evenly spread over ids."""
    digest = hashlib.sha256(prediction_id.encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
