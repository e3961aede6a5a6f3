"""Makes the schema of a version's `report.json` and `manifest.json` from the classes behind them.

It is ``dashboard/src/api/report.schema.json``, from which the dashboard's types are made.
"""

from infra.generators.openapi_operation import Schema
from infra.generators.schemas import component_schemas
from infra.packaging.workspace import PROJECT
from training.results.report import Report
from visionflow.models.manifest import Manifest

SCHEMA_FILE = PROJECT / "dashboard" / "src" / "api" / "report.schema.json"


def document() -> Schema:
    """An OpenAPI 3.1 document without a path, because that is what the types are made from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "The report and the manifest of a model version", "version": "1"},
        "paths": {},
        "components": {"schemas": component_schemas([Manifest, Report])},
    }
