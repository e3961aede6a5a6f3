"""JSON schemas of dataclasses: as an OpenAPI document keeps them, of a version's report, and of the
events on the bus."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from infra.generators.files import GENERATED
from infra.generators.operations.operation import Schema
from training.results.report import Report
from visionflow.events import shapes
from visionflow.models.manifest import Manifest

# What consumers are given: of what is on the bus under `detail`, and in a webhook's body.
EVENT_SCHEMA_FILE = Path(shapes.__file__).with_name("events.schema.json")
# What TypeScript types of `report.json` and `manifest.json` are made from.
REPORT_SCHEMA_FILE = GENERATED / "report.schema.json"


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


def report_document() -> Schema:
    """An OpenAPI 3.1 document without a path, because that is what the types are made from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "The report and the manifest of a model version", "version": "1"},
        "paths": {},
        "components": {"schemas": component_schemas([Manifest, Report])},
    }


def event_document() -> Schema:
    """JSON Schema 2020-12 of `Event`, with every field required."""
    schema = TypeAdapter(shapes.Event).json_schema(
        mode="serialization", ref_template="#/$defs/{model}"
    )
    for found in (schema, *schema["$defs"].values()):
        if "properties" in found:
            found["required"] = list(found["properties"])
    schema["properties"]["schema_version"]["const"] = shapes.SCHEMA_VERSION
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
