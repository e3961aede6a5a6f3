"""Columns of the files of results, as Athena's table and the writer of Parquet have them."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["string", "bigint", "double", "array<string>", "array<double>"]

PARTITION: Final = "backfill"
"""The partition of the table: the id of a backfill."""

COLUMNS: Final[dict[str, Kind]] = {
    "prediction_id": "string",
    "bucket": "string",
    "key": "string",
    "version_id": "string",
    "etag": "string",
    "bytes": "bigint",
    "width": "bigint",
    "height": "bigint",
    "sha256": "string",
    "model": "string",
    "status": "string",
    "label": "string",
    "confidence": "double",
    "unknown_reason": "string",
    "familiarity": "double",
    "parents": "array<string>",
    "top_labels": "array<string>",
    "top_confidences": "array<double>",
    "error_code": "string",
    "error_message": "string",
    "classified_at": "string",
}


@dataclass(frozen=True)
class Result:
    """A row: one image by one version. ``prediction_id``: the id that a record of the image has or
    would have; null where its version is not known. ``model``: ``name/version``. ``status``: ok,
    unknown or failed."""

    prediction_id: str | None
    bucket: str
    key: str
    version_id: str | None
    etag: str | None
    bytes: int | None
    width: int | None
    height: int | None
    sha256: str | None
    model: str
    status: str
    label: str | None
    confidence: float | None
    unknown_reason: str | None
    familiarity: float | None
    parents: tuple[str, ...]
    top_labels: tuple[str, ...]
    top_confidences: tuple[float, ...]
    error_code: str | None
    error_message: str | None
    classified_at: str
