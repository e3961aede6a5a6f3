"""Makes the options of a training job: all committed configs with their fields and texts.

It is ``options.json`` of `visionflow.jobs.options`, which the API shows and requests are checked
against, because the functions never see the training package.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from training.config import NETWORKS, TIMM_NAME, Recipe, committed_configs, load_config
from training.texts.catalogue import Text, text
from visionflow.strict import to_dict

_ONE = "|".join((TIMM_NAME, *NETWORKS))
# It takes seconds on any machine, and a function of its own trains it.
INSTANT = "instant"
# Pixels; below, a network sees no more than an icon.
_PHOTOGRAPH = 128
_LEFT_OUT = ("tune.", "mlflow")


def document() -> dict[str, Any]:
    """Every committed config with its fields, their values and what they mean."""
    return {
        "models": list(NETWORKS),
        "further_models": rf"({_ONE})(\+({_ONE}))*",
        "recipes": [recipe for recipe in get_args(Recipe) if recipe != INSTANT],
        "configs": sorted(
            (_config(name) for name in committed_configs() if name != INSTANT), key=_of_icons
        ),
    }


def _of_icons(config: Mapping[str, Any]) -> bool:
    """Configs for photographs come first."""
    return bool(config["parameters"]["input.size"]["default"] < _PHOTOGRAPH)


def _config(name: str) -> dict[str, Any]:
    config = load_config(name)
    return {
        "name": name,
        "recipe": config.recipe,
        "model": config.model.name,
        "summary": to_dict(text(f"config.summary.{name}")),
        "parameters": dict(_fields(config, to_dict(config))),
    }


def _fields(
    part: Any, values: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        field = f"{path}{name}"
        if field.startswith(_LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from _fields(getattr(part, name), value, f"{field}.")
        else:
            about = text(f"config.{type(part).__name__}.{name}")
            label = to_dict(_label(f"{type(part).__name__}.{name}", path))
            choices = _choices(type(part), name)
            yield (
                field,
                {"default": value, "choices": choices, "label": label, "about": to_dict(about)},
            )


def _choices(part: type, name: str) -> list[str] | None:
    """The texts that a field can be, where its type names them all."""
    expected = get_type_hints(part)[name]
    return list(get_args(expected)) if get_origin(expected) is Literal else None


def _label(field: str, path: str) -> Text:
    """What a form calls a field: of a recipe of several phases, with the phase first."""
    found = text(f"fields.{field}")
    phase = next((part for part in path.split(".") if part in ("head", "body")), None)
    if phase is None:
        return Text(found.en[0].upper() + found.en[1:], found.ko)
    before = text(f"fields.phase.{phase}")
    return Text(f"{before.en}: {found.en}", f"{before.ko}: {found.ko}")
