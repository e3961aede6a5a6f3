"""A move of an alias that somebody wants, and what it changes for those who use the service.

A move and its preview go through `after`, so that a preview says what the move does. Nothing here
does I/O.
"""

from dataclasses import dataclass
from typing import Literal

from visionflow.errors import InvalidParameterError, MissingFieldError
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases, Order, Step, Trial

MoveKind = Literal["promote", "rollback", "canary", "end_canary", "shadow", "end_shadow", "retire"]
EffectKind = Literal[
    "production",
    "canary",
    "canary_ends",
    "shadow",
    "shadow_ends",
    "rollback_to",
    "watched",
    "unwatched",
    "retired",
    "gate_failed",
]

_OF_A_VERSION = ("promote", "canary", "shadow", "retire")


@dataclass(frozen=True)
class Wanted:
    """A move: ``model`` for those of a version, ``percent`` for a canary.

    Raises `MissingFieldError` where one is missing, `InvalidParameterError` where one says nothing.
    """

    kind: MoveKind
    model: ModelRef | None = None
    percent: int | None = None

    def __post_init__(self) -> None:
        for name, needed in (
            ("model", self.kind in _OF_A_VERSION),
            ("percent", self.kind == "canary"),
        ):
            given = getattr(self, name) is not None
            if needed and not given:
                raise MissingFieldError(f"The move {self.kind} needs {name}.", name)
            if given and not needed:
                raise InvalidParameterError(f"The move {self.kind} takes no {name}.", name)


@dataclass(frozen=True)
class Effect:
    """One thing that a move changes.

    production: ``model`` answers ``instead_of`` (null: nothing did).
    canary: ``model`` answers ``percent`` of the images ``instead_of`` production.
    canary_ends, shadow, shadow_ends: ``model`` is no longer the canary, and so on.
    rollback_to: a rollback would return to ``model`` (null: to nothing).
    watched, unwatched: the rollback rule, which is on, watches ``model`` from now on, or no longer.
    retired: ``model`` can never serve again.
    gate_failed: ``model`` was published although its gate failed; this changes nothing.
    """

    kind: EffectKind
    model: ModelRef | None
    instead_of: ModelRef | None = None
    percent: int | None = None


def after(aliases: Aliases, wanted: Wanted, order: Order) -> Step:
    """What serves after a move. Raises what `Aliases` raises for one that it does not allow."""
    model = wanted.model
    if model is None:
        move = {
            "rollback": aliases.rolled_back,
            "end_canary": aliases.without_canary,
            "end_shadow": aliases.without_shadow,
        }[wanted.kind]
        return move(order)
    if wanted.kind == "promote":
        return aliases.promoted(model, order)
    if wanted.kind == "shadow":
        return aliases.with_shadow(model, order)
    if wanted.percent is not None:
        return aliases.with_canary(model, wanted.percent, order)
    return Step(aliases.forgetting(model), ())


def effects(before: Aliases, then: Aliases, *, rule_is_on: bool) -> tuple[Effect, ...]:
    """What is different between two moments, the most important first."""
    found = [*_answers(before, then), *_shadow(before, then)]
    if before.trail[-1:] != then.trail[-1:]:
        found.append(Effect("rollback_to", then.trail[-1] if then.trail else None))
    if rule_is_on:
        found += _watch(before.trial, then)
    return tuple(found)


def _answers(before: Aliases, then: Aliases) -> list[Effect]:
    found = []
    if then.production != before.production:
        found.append(Effect("production", then.production, instead_of=before.production))
    old, new = before.canary, then.canary
    if new and new != old:
        found.append(Effect("canary", new.model, then.production, new.percent))
    if old and (new is None or new.model != old.model):
        found.append(Effect("canary_ends", old.model, percent=old.percent))
    return found


def _shadow(before: Aliases, then: Aliases) -> list[Effect]:
    if before.shadow == then.shadow:
        return []
    found = [Effect("shadow", then.shadow)] if then.shadow else []
    return [*found, Effect("shadow_ends", before.shadow)] if before.shadow else found


def _watch(old: Trial | None, then: Aliases) -> list[Effect]:
    new = then.trial
    found = []
    if new and new != old:
        found.append(Effect("watched", new.model))
    # A version that ended is not watched either, which goes without saying.
    if old and old.model == then.production and (new is None or new.model != old.model):
        found.append(Effect("unwatched", old.model))
    return found
