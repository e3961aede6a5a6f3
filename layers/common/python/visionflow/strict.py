"""Strict conversion between JSON-like data and frozen dataclasses.

Unlike a lenient loader, nothing is guessed: an unknown field, a missing one or a value of another
type is a `ConfigError` that names the place. Defaults of the dataclass are for code, not for data,
so a field that data leaves out is missing even when the class has a default.
"""

import dataclasses
import json
import math
import sys
import types
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from visionflow.errors import ConfigError

T = TypeVar("T")

_PLAIN = frozenset({str, int, float, bool, type(None)})
# What is itself if its type is the expected one. A number with a point must be finite too.
_AS_THEY_ARE = frozenset({str, int, bool})


def parse(cls: type[T], data: object, where: str) -> T:
    """Build dataclass ``cls`` from ``data``.

    Supported field types: str, bool, int, float (an int is taken), None, Literal, unions,
    ``tuple[X, ...]``, ``dict[K, X]``, nested dataclasses and Any.

    Raises `ConfigError` with the path of the offending field, starting at ``where``.
    """
    return typing.cast(T, _convert(cls, data, where))


def parse_json(cls: type[T], text: str | bytes, where: str) -> T:
    """`parse` for a JSON document; malformed JSON is a `ConfigError` too."""
    return parse(cls, read_json(text, where), where)


def read_json(text: str | bytes, where: str) -> object:
    """What a JSON document says. Raises `ConfigError` for malformed JSON, and for what JSON can
    write and no number or text can be: 1e999, half of a surrogate pair."""
    try:
        # `json.loads` would take other encodings, and surrogates that stand alone.
        written = text.decode() if isinstance(text, bytes) else text.encode().decode()
        data: object = json.loads(written, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\u" in written:
            _require_text(data)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not valid JSON ({error})") from error
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits:.40} is larger than any number")
    return number


def _require_text(data: object) -> None:
    if isinstance(data, str):
        data.encode()  # UnicodeEncodeError is a ValueError
    elif isinstance(data, dict):
        for key, value in data.items():
            _require_text(key)
            _require_text(value)
    elif isinstance(data, list):
        for value in data:
            _require_text(value)


def to_dict(obj: Any) -> Any:
    """The inverse of `parse`: dataclasses to dicts and tuples to lists, recursively."""
    kind: type = type(obj)
    if kind in _PLAIN:
        return obj
    if names := _field_names(kind):
        return {name: to_dict(getattr(obj, name)) for name in names}
    if dataclasses.is_dataclass(kind):
        return {}
    if isinstance(obj, Mapping):
        return {key: to_dict(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [to_dict(value) for value in obj]
    return obj


def extended(cls: type[T], base: object, **more: object) -> T:
    """``base`` as its subclass ``cls``, with the fields that this one has ``more``.

    Raises `TypeError` for a field that is left out or that ``cls`` does not have.
    """
    return cls(**vars(base), **more)


@lru_cache
def _field_names(cls: type) -> tuple[str, ...]:
    """Of a dataclass; none of any other class."""
    return (
        tuple(field.name for field in dataclasses.fields(cls))
        if dataclasses.is_dataclass(cls)
        else ()
    )


@lru_cache
def _field_types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _convert(expected: Any, value: object, where: str) -> object:
    if expected is Any or (type(value) is expected and expected in _AS_THEY_ARE):
        return value
    origin = get_origin(expected)
    if dataclasses.is_dataclass(expected):
        return _convert_dataclass(typing.cast(type, expected), value, where)
    if origin in (Union, types.UnionType):
        return _convert_union(get_args(expected), value, where)
    if origin is Literal:
        if not any(
            value == option and type(value) is type(option) for option in get_args(expected)
        ):
            raise _mismatch(where, " or ".join(map(repr, get_args(expected))), value)
        return value
    if origin in (tuple, dict):
        return _convert_container(expected, value, where)
    return _convert_scalar(expected, value, where)


def _convert_dataclass(cls: type, value: object, where: str) -> object:
    if not isinstance(value, Mapping):
        raise _mismatch(where, "an object", value)
    field_types, names = _field_types(cls), _field_names(cls)
    if value.keys() != set(names):
        if unknown := sorted(map(str, set(value) - set(names))):
            raise ConfigError(f"{where}: unknown field {', '.join(unknown)}")
        missing = [name for name in names if name not in value]
        raise ConfigError(f"{where}: missing field {', '.join(missing)}")
    values = {name: _convert(field_types[name], value[name], f"{where}.{name}") for name in names}
    return cls(**values)


def _convert_union(options: tuple[Any, ...], value: object, where: str) -> object:
    if value is None and type(None) in options:
        return None
    errors = []
    for option in options:
        if option is type(None):
            continue
        try:
            return _convert(option, value, where)
        except ConfigError as error:
            errors.append(error)
    raise errors[0]


def _convert_container(expected: Any, value: object, where: str) -> object:
    args = get_args(expected)
    if get_origin(expected) is dict:
        if not isinstance(value, Mapping):
            raise _mismatch(where, "an object", value)
        return {
            _convert(args[0], key, where): _convert(args[1], item, f"{where}.{key}")
            for key, item in value.items()
        }
    if not isinstance(value, (list, tuple)):
        raise _mismatch(where, "a list", value)
    return tuple(_convert(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))


def _convert_scalar(expected: Any, value: object, where: str) -> object:
    is_bool = isinstance(value, bool)
    if expected is float and isinstance(value, (int, float)) and not is_bool:
        # A whole number may have any number of digits.
        if abs(value) <= sys.float_info.max:
            return float(value)
        raise _mismatch(where, "a finite number", value)
    if isinstance(value, expected) and (expected is bool or not is_bool):
        return value
    raise _mismatch(where, expected.__name__, value)


def _mismatch(where: str, expected: str, value: object) -> ConfigError:
    return ConfigError(f"{where}: expected {expected}, found {value!r:.80}")
