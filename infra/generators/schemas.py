"""JSON schemas of dataclasses, as an OpenAPI document keeps them under ``components``."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from infra.generators.openapi_operation import Schema


def component_schemas(classes: Iterable[type]) -> Schema:
    """The schemas of ``classes`` and of all that they hold, by class name."""
    _, definitions = TypeAdapter.json_schemas(
        [
            (cls, "serialization", TypeAdapter(cls))
            for cls in sorted(classes, key=lambda cls: cls.__name__)
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Schema = definitions["$defs"]
    for schema in schemas.values():
        # Defaults are for code: what is written always has every field.
        if "properties" in schema:
            schema["required"] = list(schema["properties"])
    return schemas
