"""Settings of a Lambda as one frozen dataclass that both sides of a deployment use.

The infrastructure builds a function's environment with `to_env`, the function reads it with
`from_env`, so a variable cannot be misspelt on one side or missing on the other.
"""

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self, cast, get_type_hints

from visionflow.errors import ConfigError

PREFIX = "VISIONFLOW_"


@dataclasses.dataclass(frozen=True)
class EnvSettings:
    """Base class. Fields are str or int; ``ort_threads`` is read from VISIONFLOW_ORT_THREADS."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises `ConfigError` for a missing variable, and for text in place of a number."""
        values: dict[str, Any] = {}
        for name, variable, kind in _variables(cast(type, cls)):
            text = environ.get(variable)
            if text is None:
                raise ConfigError(f"environment: {variable} is not set")
            try:
                values[name] = kind(text)
            except ValueError as error:
                raise ConfigError(f"environment: {variable} must be a number") from error
        return cls(**values)

    def to_env(self) -> dict[str, str]:
        return {
            PREFIX + field.name.upper(): str(getattr(self, field.name))
            for field in dataclasses.fields(self)
        }


@lru_cache
def _variables(cls: type) -> tuple[tuple[str, str, type], ...]:
    """Name, variable and type of each field; a request may read settings several times."""
    types = get_type_hints(cls)
    names = (field.name for field in dataclasses.fields(cls))
    return tuple((name, PREFIX + name.upper(), types[name]) for name in names)
