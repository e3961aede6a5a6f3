"""Makes the JSON schema of what is on the stage's event bus and in a webhook's body.

It is the document that consumers are given: ``visionflow/events/events.schema.json``.
"""

from pathlib import Path

from pydantic import TypeAdapter

from infra.generators.openapi_operation import Schema
from visionflow.events import shapes

SCHEMA_FILE = Path(shapes.__file__).with_name("events.schema.json")


def document() -> Schema:
    """JSON Schema 2020-12 of `Event`, with every field required."""
    schema = TypeAdapter(shapes.Event).json_schema(
        mode="serialization", ref_template="#/$defs/{model}"
    )
    for found in (schema, *schema["$defs"].values()):
        if "properties" in found:
            found["required"] = list(found["properties"])
    schema["properties"]["schema_version"]["const"] = shapes.SCHEMA_VERSION
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
