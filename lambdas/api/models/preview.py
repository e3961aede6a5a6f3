"""What a move of an alias would change, computed by the code that moves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.api.trees import Trees
from visionflow.labels import label_key
from visionflow.models.moves import Effect, Wanted, effects
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Aliases, Canary, Order


@dataclass(frozen=True)
class ServingAliases:
    """What each alias points at now."""

    production: ModelRef | None
    canary: Canary | None
    shadow: ModelRef | None

    @classmethod
    def of(cls, aliases: Aliases) -> "ServingAliases":
        return cls(aliases.production, aliases.canary, aliases.shadow)


@dataclass(frozen=True)
class Renamed:
    """A class that is written in another way, such as black_cat and Black cat."""

    before: str
    now: str


@dataclass(frozen=True)
class ClassChange:
    """The classes that ``percent`` of the images can be answered with by ``model`` and not by
    ``instead_of``, and the reverse; ``kept``: how many both know. ``renamed``: classes that are
    only written in another way, neither lost nor gained. ``reordered``: whether those that both
    know come in another order, which matters to who goes by their numbers."""

    model: ModelRef
    instead_of: ModelRef
    percent: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    kept: int
    renamed: tuple[Renamed, ...] = ()
    reordered: bool = False


@dataclass(frozen=True)
class MovePreview:
    """What a move would change now; nothing is moved.

    ``aliases``: what would serve. ``classes``: one for each effect by which images get another
    version, in their order, of a canary that ends too; left out where a manifest is gone. Send
    ``revision`` with the move, and it is refused if the aliases have moved meanwhile.
    """

    revision: int
    aliases: ServingAliases
    effects: tuple[Effect, ...]
    classes: tuple[ClassChange, ...]


@dataclass(frozen=True)
class Moved:
    """What serves after a move; ``classes`` as in its preview."""

    aliases: ServingAliases
    classes: tuple[ClassChange, ...]


def preview_of(registry: ModelRegistry, trees: Trees, wanted: Wanted, order: Order) -> MovePreview:
    """Raises what the move would raise."""
    found = registry.preview(wanted, order)
    return MovePreview(
        revision=found.before.revision,
        aliases=ServingAliases.of(found.then),
        effects=found.effects,
        classes=_classes(found.effects, found.then.production, trees),
    )


def _classes(
    effects: Sequence[Effect], production: ModelRef | None, trees: Trees
) -> tuple[ClassChange, ...]:
    found = []
    for effect in effects:
        model, instead_of = effect.model, effect.instead_of
        if effect.kind == "canary_ends":
            model, instead_of = production, effect.model
        elif effect.kind not in ("production", "canary"):
            continue
        # A canary that is promoted ends, but its images keep its classes.
        if model and instead_of and model != instead_of:
            found.append(class_change(model, instead_of, effect.percent or 100, trees))
    return tuple(change for change in found if change is not None)


def class_change(
    model: ModelRef, instead_of: ModelRef, percent: int, trees: Trees
) -> ClassChange | None:
    """None where a manifest is gone."""
    then, now = trees.find(model), trees.find(instead_of)
    if then is None or now is None:
        return None
    new, old = ([label.name for label in tree.labels] for tree in (then, now))
    gained, lost = set(new) - set(old), set(old) - set(new)
    spelled = {_spelling(name): name for name in gained}
    renamed = {
        name: spelled[_spelling(name)] for name in sorted(lost) if _spelling(name) in spelled
    }
    common = [renamed.get(name, name) for name in old if name not in lost or name in renamed]
    return ClassChange(
        model=model,
        instead_of=instead_of,
        percent=percent,
        gained=tuple(sorted(gained - {*renamed.values()})),
        lost=tuple(sorted(lost - renamed.keys())),
        kept=len(set(old) & set(new)),
        renamed=tuple(Renamed(before, now) for before, now in renamed.items()),
        reordered=common != [name for name in new if name in set(common)],
    )


def moved_of(before: Aliases, then: Aliases, trees: Trees) -> Moved:
    """What a move has changed."""
    found = effects(before, then, rule_is_on=False)
    return Moved(ServingAliases.of(then), _classes(found, then.production, trees))


def _spelling(name: str) -> str:
    """Equal for names that are one to a reader."""
    return " ".join(re.split(r"[\s_-]+", label_key(name).strip(" _-")))
