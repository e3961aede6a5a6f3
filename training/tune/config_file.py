"""A config as the TOML text that `load_config` reads back."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from training.config import TrainConfig
from visionflow import strict


def to_toml(config: TrainConfig) -> str:
    """Every field, so that the file means the same whatever the defaults become."""
    return "\n".join(_table(strict.to_dict(config), ())) + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Values first: what follows a header in TOML belongs to that table."""
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield ""
            yield f"[{'.'.join(map(_key, (*path, key)))}]"
            yield from _table(value, (*path, key))


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # Strings, numbers and booleans are written as in JSON, floats so that they read back the same.
    return json.dumps(value, ensure_ascii=False)
