"""What a move of an alias would change, computed by the code that moves."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.api.trees import Trees
from visionflow.models.moves import Effect, Wanted
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
class ClassChange:
    """The classes that ``percent`` of the images can be answered with by ``model`` and not by
    ``instead_of``, and the reverse; ``kept``: how many both know."""

    model: ModelRef
    instead_of: ModelRef
    percent: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    kept: int


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
            found.append(_between(model, instead_of, effect.percent or 100, trees))
    return tuple(change for change in found if change is not None)


def _between(
    model: ModelRef, instead_of: ModelRef, percent: int, trees: Trees
) -> ClassChange | None:
    then, now = trees.find(model), trees.find(instead_of)
    if then is None or now is None:
        return None
    new, old = ([label.name for label in tree.labels] for tree in (then, now))
    return ClassChange(
        model=model,
        instead_of=instead_of,
        percent=percent,
        gained=tuple(sorted(set(new) - set(old))),
        lost=tuple(sorted(set(old) - set(new))),
        kept=len(set(old) & set(new)),
    )
