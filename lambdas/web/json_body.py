"""A request's JSON object as a dataclass. What does not fit is an error that names the field."""

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from lambdas.web.content_encoding import refuse_encoded
from lambdas.web.http import HttpEvent
from visionflow import strict
from visionflow.errors import ConfigError, InvalidBodyError, MissingFieldError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Body = TypeVar("Body", bound="DataclassInstance")


def read_json(event: HttpEvent, cls: type[Body], *, optional: bool = False) -> Body:
    """The body as ``cls``; a field with a default may be left out, and so may an ``optional`` body.

    Raises `MissingFieldError` for a required field, `InvalidBodyError` for anything else that is
    not a JSON object with the fields of ``cls``, `UnsupportedMediaTypeError` for one that is
    compressed.
    """
    refuse_encoded(event)
    data = _object(event) if event.body else {}
    _check_fields(cls, data, "The JSON body")
    if not event.body and not optional:
        raise InvalidBodyError("The body is empty; send a JSON object.")
    return _parse(cls, data, "body")


def read_item(cls: type[Body], data: Mapping[str, object], where: str) -> Body:
    """An object of a list in a body, such as ``images[3]``. Raises as `read_json` does."""
    _check_fields(cls, data, where)
    return _parse(cls, data, where)


def _check_fields(cls: type[Body], data: Mapping[str, object], what: str) -> None:
    required = [f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING]
    if missing := [name for name in required if name not in data]:
        raise MissingFieldError(f'{what} needs a field "{missing[0]}".', missing[0])


def _parse(cls: type[Body], data: Mapping[str, object], where: str) -> Body:
    fields = dataclasses.fields(cls)
    defaults = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
    try:
        return strict.parse(cls, {**defaults, **data}, where)
    except ConfigError as error:
        place = str(error).partition(":")[0].removeprefix(where).lstrip(".")
        raise InvalidBodyError(f"The body does not fit ({error}).", place or None) from error


def _object(event: HttpEvent) -> dict[str, object]:
    try:
        data = json.loads(event.decoded_body or "")
        # Half of a surrogate pair can be escaped in JSON, but neither stored nor answered.
        # Nor is NaN a number of JSON.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidBodyError("The body is not valid JSON.") from error
    if not isinstance(data, dict):
        raise InvalidBodyError("The body must be a JSON object.")
    return data
