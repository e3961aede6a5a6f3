from pathlib import Path

from infra.generators.schemas import report_document
from training.results.report import Report

SAMPLE = Path("dashboard/tests/data/report.json")


def test_the_types_of_the_dashboard_are_those_of_the_report_and_the_manifest() -> None:
    schemas = report_document()["components"]["schemas"]
    assert {"Report", "Manifest"} <= set(schemas)
    for schema in schemas.values():
        assert schema["required"] == list(schema["properties"])


def test_the_report_that_the_dashboard_is_tested_with_is_one_that_training_writes() -> None:
    assert Report.parse(SAMPLE.read_bytes()).to_json() == SAMPLE.read_text(encoding="utf-8")
