"""The row of a published version, and the write that makes it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from visionflow import dynamodb, strict
from visionflow.errors import ModelRetiredError, ModelUntriedError
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import Manifest, Precision
from visionflow.models.promotion_rule import Verified
from visionflow.models.ref import ModelRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef


@dataclass(frozen=True)
class Force:
    """Who published a version that its gate holds back, when (ISO 8601, UTC) and why.

    ``failed`` names the checks that failed or were never made.
    """

    by: str
    at: str
    reason: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Retirement:
    """Who retired a version, when and why."""

    by: str
    at: str
    reason: str | None


@dataclass(frozen=True)
class Effort:
    """``ms``: processor time of the slowest answer; ``peak_mb``: the most that the process took.

    Both are null for the version that a template brings: measured anew, they would change it.
    """

    ms: float | None
    peak_mb: float | None


@dataclass(frozen=True)
class Tried(Effort):
    """That a version was opened and has answered before it was registered, and when."""

    at: str


@dataclass(frozen=True)
class RegisteredVersion:
    """The row of a published version; ``labels`` is their number. ``tried``: null for one that was
    registered when versions were not tried; it cannot be promoted until it has been. ``verified``:
    what the control plane measured itself, null where it had nothing to measure with."""

    name: str
    version: str
    created_at: str
    precision: Precision
    labels: int
    metrics: dict[str, float]
    gate_passed: bool
    force: Force | None
    retired: Retirement | None
    tried: Tried | None
    verified: Verified | None

    @property
    def model(self) -> ModelRef:
        return ModelRef(self.name, self.version)


def registration(
    table: str,
    manifest: Manifest,
    tried: Tried,
    force: Force | None = None,
    verified: Verified | None = None,
) -> "PutItemInputTypeDef":
    """The write that records a published version, on the condition that it is not there yet."""
    row = RegisteredVersion(
        name=manifest.name,
        version=manifest.version,
        created_at=manifest.created_at,
        precision=manifest.precision,
        labels=len(manifest.labels),
        metrics=manifest.metrics,
        gate_passed=not held_back_by(manifest),
        force=force,
        retired=None,
        tried=tried,
        verified=verified,
    )
    return {
        "TableName": table,
        "Item": {**version_key(row.model), **dynamodb.to_item(strict.to_dict(row))},
        "ConditionExpression": "attribute_not_exists(pk)",
    }


def version_key(model: ModelRef) -> dynamodb.Item:
    return dynamodb.to_item({"pk": "VERSIONS", "sk": sort_key(model)})


def sort_key(model: ModelRef) -> str:
    return f"{model.name}#{model.version}"


def registered(row: dict[str, Any]) -> RegisteredVersion:
    # Rows from before versions were tried and verified.
    row = {"tried": None, "verified": None, **row}
    return strict.parse(RegisteredVersion, row, f"registry.{row.get('name')}.{row.get('version')}")


def require_fit(row: RegisteredVersion) -> None:
    """Raises `ModelRetiredError`, or `ModelUntriedError`, for a version that may not serve."""
    if row.retired:
        raise ModelRetiredError(
            f"{row.model.text} is retired; a retired version cannot serve again."
        )
    if row.tried is None:
        raise ModelUntriedError(
            f"{row.model.text} has never been tried; 'visionflow publish RUN' with its run tries "
            "it, and then it can serve."
        )
