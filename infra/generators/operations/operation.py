"""The description of one route, and the pieces that routes have in common."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from lambdas.web.parameters import DEFAULT_LIMIT, MAX_LIMIT

Schema = dict[str, Any]

# A date is the whole day, in UTC.
TIME: Schema = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}
TEXT: Schema = {"type": "string"}
IMAGE: Schema = {"type": "string", "format": "binary"}


@dataclass(frozen=True)
class Operation:
    """The description of a route, without its method and path.

    ``answers`` maps a status to the class of its body; every other status carries a `Problem`.
    """

    operation_id: str
    summary: str
    answers: dict[int, type | None]
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    body_required: bool = True


def query(name: str, description: str, schema: Schema, *, required: bool = False) -> Schema:
    """A query parameter."""
    parameter = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**parameter, "required": True} if required else parameter


def in_path(name: str) -> Schema:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


LIMIT = query(
    "limit",
    "At most this many items",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
)


CURSOR = query("cursor", "`next_cursor` of the previous page", TEXT)


def json_body(cls: type) -> Schema:
    """A JSON object with the fields of dataclass ``cls`` and no others."""
    schema = TypeAdapter(cls).json_schema()
    return {"application/json": {**schema, "additionalProperties": False}}
