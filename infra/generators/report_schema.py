"""Writes the schema of a version's `report.json` and `manifest.json` from the classes behind them.

``python -m infra.generators.report_schema`` rewrites ``dashboard/src/api/report.schema.json``, from
which ``npm run types`` makes the dashboard's types; with ``--check`` it exits with 1 when the
committed file is out of date.
"""

import argparse
import json
import sys
from pathlib import Path

from infra.generators.openapi_operation import Schema
from infra.generators.schemas import component_schemas
from training.results.report import Report
from visionflow.models.manifest import Manifest

SCHEMA_FILE = Path(__file__).parents[2] / "dashboard" / "src" / "api" / "report.schema.json"


def document() -> Schema:
    """An OpenAPI 3.1 document without a path, because that is what the types are made from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "The report and the manifest of a model version", "version": "1"},
        "paths": {},
        "components": {"schemas": component_schemas([Manifest, Report])},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is out of date")
    arguments = parser.parse_args()
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    if not arguments.check:
        SCHEMA_FILE.write_text(text, encoding="utf-8")
    elif SCHEMA_FILE.read_text(encoding="utf-8") != text:
        print(
            f"{SCHEMA_FILE.name} is out of date: run python -m infra.generators.report_schema",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
