"""Results as Parquet, read by another reader than the one that wrote them."""

from dataclasses import replace
from pathlib import Path

import duckdb

from lambdas.chunk.parquet import parquet
from visionflow.backfills.columns import COLUMNS, Result

ONE = Result(
    prediction_id="s3-a",
    bucket="images",
    key="uploads/größe+.jpg",
    version_id=None,
    etag="e",
    bytes=5_000_000_000,
    width=3,
    height=2,
    sha256="f" * 64,
    model="flowers/1",
    status="ok",
    label="rose",
    confidence=0.75,
    unknown_reason=None,
    familiarity=None,
    parents=("plant", "flower"),
    top_labels=("rose", "tulip"),
    top_confidences=(0.75, 0.25),
    error_code=None,
    error_message=None,
    classified_at="2030-01-01T00:00:00.000000Z",
)
FAILED = replace(
    ONE, status="failed", label=None, confidence=None, parents=(), top_labels=(), top_confidences=()
)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(parquet([ONE, FAILED]))
    found = duckdb.read_parquet(str(file))
    assert found.columns == list(COLUMNS)
    lists = {"parents", "top_labels", "top_confidences"}
    for row, result in zip(found.fetchall(), (ONE, FAILED), strict=True):
        for name, value in zip(COLUMNS, row, strict=True):
            told = getattr(result, name)
            assert value == (list(told) if name in lists else told), name


def test_a_column_that_is_empty_keeps_its_type(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(parquet([FAILED]))
    types = dict(zip(COLUMNS, map(str, duckdb.read_parquet(str(file)).types), strict=True))
    assert types["confidence"] == "DOUBLE"
    assert types["top_labels"] == "VARCHAR[]"


def test_the_same_results_are_the_same_bytes() -> None:
    assert parquet([ONE] * 100) == parquet([ONE] * 100)
