"""Makes the schema of a version's `report.json` and `manifest.json` from the classes behind them.

It is ``dashboard/client/src/generated/report.schema.json``, from which TypeScript types are made.
"""

from infra.generators.files import GENERATED
from infra.generators.openapi_operation import Schema
from infra.generators.schemas import component_schemas
from training.results.report import Report
from visionflow.models.manifest import Manifest

SCHEMA_FILE = GENERATED / "report.schema.json"


def document() -> Schema:
    """An OpenAPI 3.1 document without a path, because that is what the types are made from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "The report and the manifest of a model version", "version": "1"},
        "paths": {},
        "components": {"schemas": component_schemas([Manifest, Report])},
    }
