"""JSON of the API to the dataclasses of `answers`; newer servers know more fields.

`visionflow.strict` is for data that this version wrote itself, and refuses what it does not know.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from visionflow.client.errors import UnexpectedAnswerError

T = TypeVar("T")
_ABSENT = object()


def read(cls: type[T], data: object) -> T:
    """``data`` as ``cls``. Fields that it does not have are left out; those that an older server
    does not send are null or empty where their type allows it.

    Raises `UnexpectedAnswerError` with the path of a field that is missing or of another kind.
    """
    return typing.cast(T, _convert(cls, data, cls.__name__))


@cache
def _types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _convert(expected: Any, value: object, where: str) -> object:
    if dataclasses.is_dataclass(expected):
        if not isinstance(value, Mapping):
            raise _unexpected(where, "an object", value)
        fields = _types(typing.cast(type, expected))
        found = {name: _field(of, value, name, where) for name, of in fields.items()}
        return typing.cast(type, expected)(**found)
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return _union(arguments, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _unexpected(where, "a list", value)
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _unexpected(where, "an object", value)
        return {key: _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    return _scalar(expected, value, where)


def _field(expected: Any, value: Mapping[str, object], name: str, where: str) -> object:
    found = value.get(name, _ABSENT)
    if found is not _ABSENT:
        return _convert(expected, found, f"{where}.{name}")
    if type(None) in get_args(expected):
        return None
    if get_origin(expected) in (tuple, dict):
        return get_origin(expected)()
    raise UnexpectedAnswerError(f"The answer has no {where}.{name}.")


def _union(options: tuple[Any, ...], value: object, where: str) -> object:
    if value is None and type(None) in options:
        return None
    failed: UnexpectedAnswerError | None = None
    for option in options:
        if option is not type(None):
            try:
                return _convert(option, value, where)
            except UnexpectedAnswerError as error:
                failed = failed or error
    raise failed or _unexpected(where, "null", value)


def _scalar(expected: Any, value: object, where: str) -> object:
    if expected in (str, int, bool) and type(value) is not expected:
        raise _unexpected(where, expected.__name__, value)
    if expected is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        raise _unexpected(where, "a number", value)
    # What a list of words may grow by, and what has no type at all.
    return value


def _unexpected(where: str, expected: str, value: object) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(f"The answer's {where} is not {expected}: {value!r:.80}")
