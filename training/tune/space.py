"""What `tune` may vary: fields of the config, each with its range or its choices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.config import (
    Choices,
    FloatRange,
    TrainConfig,
    check_recipe,
    dotted,
    with_fields,
)
from visionflow import strict
from visionflow.errors import ConfigError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

_LOOPS = ("probe", "finetune", "scratch")
# By beginnings of field names.
_WITHOUT_INFLUENCE = ("name", "version", "mlflow", "data.workers", "export.", "tune.")
_MIRROR = "augment.horizontal_flip"
_OTHER_IMAGES = ("seed", "data.validation", "data.test")


@dataclass(frozen=True)
class Dimension:
    """One field of the config, by its dotted name, and the values that it may take."""

    field: str
    domain: FloatRange | Choices
    whole: bool
    """The field is an int: its range is drawn from in whole numbers."""

    def suggest(self, trial: "BaseTrial") -> Any:
        """The value that Optuna proposes for this trial."""
        if isinstance(self.domain, Choices):
            names = [_name(choice) for choice in self.domain.choices]
            return self.value_of(trial.suggest_categorical(self.field, names))
        low, high, log = self.domain.low, self.domain.high, self.domain.log
        if self.whole:
            return trial.suggest_int(self.field, int(low), int(high), log=log)
        return trial.suggest_float(self.field, low, high, log=log)

    def value_of(self, stored: Any) -> Any:
        """The value of the config that Optuna keeps as ``stored``."""
        if not isinstance(self.domain, Choices):
            return stored
        return next(choice for choice in self.domain.choices if _name(choice) == stored)

    def extremes(self) -> tuple[Any, ...]:
        """The extreme values: if they are valid, all others are."""
        if isinstance(self.domain, Choices):
            return self.domain.choices
        bounds = (self.domain.low, self.domain.high)
        return tuple(map(int, bounds)) if self.whole else bounds


def read_space(config: TrainConfig) -> tuple[Dimension, ...]:
    """The dimensions of ``config.tune.space``.

    Raises `ConfigError` that names the field for one that does not exist, that no trial could be
    judged by, or that has a value the config does not allow.
    """
    if not config.tune.space:
        raise ConfigError("config: tune.space is empty; state the fields to search")
    return tuple(_dimension(config, *item) for item in config.tune.space.items())


def with_values(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """``config`` with other values of fields, by dotted name. Raises `ConfigError`."""
    return strict.parse(TrainConfig, with_fields(strict.to_dict(config), values), "config")


def _dimension(config: TrainConfig, field: str, domain: FloatRange | Choices) -> Dimension:
    where = f"config: tune.space.{field}"
    value = _value(strict.to_dict(config), field, where)
    if reason := _reason_against(config, field):
        raise ConfigError(
            f"{where} cannot be searched: {reason}; state other fields below [tune.space] in a "
            "config of your own"
        )
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(domain, FloatRange):
        _check_range(domain, value, where, whole=whole)
    elif not domain.choices:
        raise ConfigError(f"{where}.choices: at least one is needed")
    dimension = Dimension(field, domain, whole)
    for extreme in dimension.extremes():
        try:
            check_recipe(with_values(config, {field: extreme}))
        except ConfigError as error:
            raise ConfigError(f"{where}: {extreme!r} is not allowed ({error})") from error
    return dimension


def _value(document: dict[str, Any], field: str, where: str) -> Any:
    fields = dict(dotted(document))
    if field in fields:
        return fields[field]
    if any(name.startswith(f"{field}.") for name in fields):
        raise ConfigError(f"{where}: {field} is a table; name one of its fields")
    raise ConfigError(f"{where}: the config has no field {field}")


def _reason_against(config: TrainConfig, field: str) -> str | None:
    if field.startswith(_WITHOUT_INFLUENCE):
        return "it has no influence on validation accuracy"
    if field in _OTHER_IMAGES:
        return "trials with other validation images cannot be compared"
    if "recipe" in config.tune.space:
        return None
    # A probe learns from images as they are served, and from crops that may be mirrored.
    unused = field.startswith(tuple(f"{loop}." for loop in _LOOPS if loop != config.recipe)) or (
        config.recipe == "probe" and field.startswith("augment.") and field != _MIRROR
    )
    return f"the recipe {config.recipe} does not use it" if unused else None


def _check_range(domain: FloatRange, value: Any, where: str, *, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{where}: not a number, so it needs choices instead of a range")
    if whole and not (domain.low.is_integer() and domain.high.is_integer()):
        raise ConfigError(f"{where}: low and high must be whole numbers, as the field is")
    if domain.low >= domain.high:
        raise ConfigError(f"{where}: low must be below high")
    if domain.log and domain.low <= 0:
        raise ConfigError(f"{where}: low must be above 0 for a logarithmic scale")


def _name(choice: Any) -> str | int | float | bool:
    """What Optuna stores for a choice: scalars as they are, lists as JSON."""
    return choice if isinstance(choice, str | int | float | bool) else json.dumps(choice)
