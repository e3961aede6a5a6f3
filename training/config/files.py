"""The TOML files that fill an experiment, laid over each other.

`configs/defaults.toml` states every field. An experiment's own file states what differs, flags of
the command line what differs from that; after the three are laid over each other an unknown key or
a value out of its range is a `ConfigError`. `texts/config.toml` says what each field means, in the
languages of the people who set it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from training.config.experiment import TrainConfig
from visionflow.errors import ConfigError
from visionflow.strict import parse, to_dict

CONFIGS = Path(__file__).parent.parent / "configs"
DEFAULTS = CONFIGS / "defaults.toml"
# What a search may vary is named by fields, and is not a field.
_SPACE = "tune.space."


def committed_configs() -> tuple[str, ...]:
    """The names that `load_config` knows without a path."""
    return tuple(sorted(path.stem for path in CONFIGS.glob("*.toml") if path != DEFAULTS))


def load_config(
    source: str | Path,
    overrides: Mapping[str, Any] | None = None,
    given_by: str = "overrides",
) -> TrainConfig:
    """Read a TOML file, named by its path or as one of `committed_configs`.

    ``overrides`` maps dotted field names to values and wins over the file, as the file wins over
    `DEFAULTS`. Raises `ConfigError` on a missing file and on any field that is off: one of
    ``overrides`` is blamed on what they are ``given_by``.
    """
    path, stated = _stated(source)
    return config_of(stated, overrides, given_by, path.name)


def config_of(
    stated: Mapping[str, Any],
    overrides: Mapping[str, Any] | None = None,
    given_by: str = "overrides",
    where: str = "config",
) -> TrainConfig:
    """As `load_config`, of the tables of a file that is called ``where``."""
    overrides = overrides or {}
    _require_known(stated, where)
    _require_known(overrides, given_by)
    merged = merge(_read(DEFAULTS), stated)
    try:
        return _parsed(with_fields(merged, overrides), given_by if overrides else where)
    except ConfigError:
        # The file's own fault is not that of what was given beside it.
        if overrides:
            _parsed(merged, where)
        raise


def _parsed(table: Mapping[str, Any], where: str) -> TrainConfig:
    try:
        return parse(TrainConfig, table, where)
    except ConfigError as error:
        field = str(error).removeprefix(where).removeprefix("config").lstrip(":. ")
        raise ConfigError(f"{where}: {field}") from error


@dataclass(frozen=True)
class Setting:
    """A field of a config by its dotted name, and what gave it its value: a file, or a flag."""

    field: str
    value: Any
    source: str


def settings(
    source: str | Path, overrides: Mapping[str, Any] | None = None, given_by: str = "overrides"
) -> tuple[Setting, ...]:
    """All fields of the config that `load_config` makes of the same arguments, and where each comes
    from. Raises what it does."""
    config = load_config(source, overrides, given_by)
    path, stated = _stated(source)
    said = {**dict.fromkeys(dict(dotted(stated)), path.name)}
    said |= {name: given_by for name, _ in dotted(with_fields({}, overrides or {}))}
    return tuple(
        Setting(name, value, next(_origins(name, said), DEFAULTS.name))
        for name, value in dotted(to_dict(config))
    )


def _origins(name: str, said: Mapping[str, str]) -> Iterator[str]:
    """Of a field; a search space is stated as a whole, by keys that hold dots."""
    if name in said:
        yield said[name]
    elif name.startswith(_SPACE):
        yield from (origin for field, origin in said.items() if field.startswith(_SPACE))


def _stated(source: str | Path) -> tuple[Path, dict[str, Any]]:
    committed = CONFIGS / f"{source}.toml"
    path = committed if str(source) in committed_configs() else Path(source)
    return path, _read(path)


def _require_known(table: Mapping[str, Any], where: str) -> None:
    """Raise `ConfigError` for a field that no config has, with the one that was meant."""
    known = [name for name, _ in dotted(_read(DEFAULTS))]
    sections = {name[: match.start()] for name in known for match in re.finditer(r"\.", name)}
    for name, _ in dotted(table):
        if name in (*known, *sections, _SPACE.rstrip(".")) or name.startswith(_SPACE):
            continue
        close = get_close_matches(name, known, n=1, cutoff=0.7) or [
            field for field in known if field.endswith(f".{name.rpartition('.')[2]}")
        ]
        meant = f"; did you mean {' or '.join(close[:3])}?" if close else ""
        raise ConfigError(f"{where}: unknown field {name}{meant}")


def with_fields(table: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """``table`` with other ``values`` of fields, by dotted name."""
    changed = dict(table)
    for field, value in values.items():
        changed = merge(changed, _nested(field, value))
    return changed


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``below`` with every value that ``above`` has too replaced by that one, table by table.

    The search space is a whole: an experiment that states one replaces it.
    """
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        nested = isinstance(value, Mapping) and isinstance(old, Mapping) and key != "space"
        merged[key] = merge(old, value) if nested else value  # type: ignore[arg-type]
    return merged


def dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested tables under their dotted names, as on the command line."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nested(field: str, value: Any) -> dict[str, Any]:
    for key in reversed(field.split(".")):
        value = {key: value}
    return dict(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = committed_configs()
        close = get_close_matches(str(path), known, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise ConfigError(
            f"{path}: neither a file nor a committed config ({', '.join(known)}){meant}"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
