"""What a move of an alias changes, in words: one sentence for each effect of its preview."""

from lambdas.api.models.preview import ClassChange, MovePreview
from visionflow.models.moves import Effect

_MOST_NAMED = 20


def sentences(preview: MovePreview) -> list[str]:
    """The lines of a preview, the most important first."""
    lines = []
    for index, effect in enumerate(preview.effects):
        lines.append(_sentence(effect))
        for change in preview.classes:
            if _is_of(change, effect):
                same = [f"Its {_classes(change.kept)} the same."] if index == 0 else []
                lines += label_warning(change) or same
    return lines or ["Nothing changes."]


def _is_of(change: ClassChange, effect: Effect) -> bool:
    if effect.kind == "canary_ends":
        return change.instead_of == effect.model
    answers = effect.kind in ("production", "canary")
    return answers and (change.model, change.instead_of) == (effect.model, effect.instead_of)


def _sentence(effect: Effect) -> str:
    model = effect.model.text if effect.model else "no version"
    other = effect.instead_of.text if effect.instead_of else None
    instead = f" instead of {other}" if other else ""
    return {
        "production": f"{model} answers in production{instead}.",
        "canary": f"{model} answers {effect.percent} % of the images{instead}.",
        "canary_ends": f"The canary {model} ends.",
        "shadow": f"{model} classifies every image again as the shadow; nobody gets its answers.",
        "shadow_ends": f"The shadow {model} ends.",
        "rollback_to": f"A rollback would then return to {model}.",
        "watched": f"The rollback rule watches {model} from now on.",
        "unwatched": f"The rollback rule no longer watches {model}.",
        "retired": f"{model} can never serve again.",
        "gate_failed": f"{model} was published although its gate failed.",
    }[effect.kind]


def label_warning(change: ClassChange) -> list[str]:
    """What another version does to the labels that images are answered with."""
    of = "" if change.percent == 100 else f" for {change.percent} % of the images"
    lines = [
        f"Warning: {_classes(len(names))} {what}{of}: {_some(names)}."
        for what, names in (("lost", change.lost), ("gained", change.gained))
        if names
    ]
    if change.renamed:
        names = tuple(f"{one.before} is {one.now}" for one in change.renamed)
        lines.append(f"Warning: {_classes(len(names))} renamed{of}: {_some(names)}.")
    if change.reordered:
        lines.append(f"Warning: the classes have another order{of}, and so other numbers.")
    return lines


def _classes(count: int) -> str:
    return "1 class is" if count == 1 else f"{count} classes are"


def _some(names: tuple[str, ...]) -> str:
    left = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
