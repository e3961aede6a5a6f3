"""Which model versions exist and which one serves, in DynamoDB.

Rows: ``MODEL#<name> / VERSION#<version>`` for a published version, ``ALIAS#<alias> / CURRENT``
for what an alias points at, and ``ALIAS#<alias> / MOVED#<time>`` for each move, never changed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import from_item, to_item
from visionflow.errors import ConfigError
from visionflow.manifest import Manifest, Precision
from visionflow.predictions import ModelRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PRODUCTION = "production"


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
class RegisteredVersion:
    """The row of a published version; ``labels`` is their number."""

    name: str
    version: str
    created_at: str
    precision: Precision
    labels: int
    metrics: dict[str, float]
    gate_passed: bool
    force: Force | None


def version_item(manifest: Manifest, force: Force | None = None) -> dict[str, Any]:
    """The row of a published version, as attribute values."""
    row = RegisteredVersion(
        name=manifest.name,
        version=manifest.version,
        created_at=manifest.created_at,
        precision=manifest.precision,
        labels=len(manifest.labels),
        metrics=manifest.metrics,
        gate_passed=bool(manifest.gate) and all(check.passed for check in manifest.gate),
        force=force,
    )
    return {**_version_key(manifest.name, manifest.version), **to_item(strict.to_dict(row))}


def _version_key(name: str, version: str) -> dict[str, Any]:
    return to_item({"pk": f"MODEL#{name}", "sk": f"VERSION#{version}"})


def alias_items(model: ModelRef, moved_at: str, alias: str = PRODUCTION) -> list[dict[str, Any]]:
    """The rows that point ``alias`` at a version and remember the move, as attribute values."""
    move = {"name": model.name, "version": model.version, "moved_at": moved_at}
    return [
        to_item({"pk": f"ALIAS#{alias}", "sk": sk, **move})
        for sk in ("CURRENT", f"MOVED#{moved_at}")
    ]


class ModelRegistry:
    """Owns the registry table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def current(self, alias: str = PRODUCTION) -> ModelRef | None:
        """The version that ``alias`` points at, or None when it was never set."""
        answer = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": f"ALIAS#{alias}"}, "sk": {"S": "CURRENT"}},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        row = from_item(answer["Item"])
        row = {key: row.get(key) for key in ("name", "version")}
        return strict.parse(ModelRef, row, f"registry.{alias}")

    def version(self, model: ModelRef) -> RegisteredVersion | None:
        """The row of a published version, or None when it was never registered."""
        answer = self._client.get_item(
            TableName=self._table,
            Key=_version_key(model.name, model.version),
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        row = from_item(answer["Item"])
        row = {key: value for key, value in row.items() if key not in ("pk", "sk")}
        return strict.parse(RegisteredVersion, row, f"registry.{model.name}.{model.version}")

    def register(self, manifest: Manifest, force: Force | None = None) -> None:
        """Record a published version. A version never changes, so neither does its row: one that
        is there already stays, with whatever force it was published by."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=version_item(manifest, force),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def promote(self, model: ModelRef, moved_at: str, alias: str = PRODUCTION) -> None:
        """Point ``alias`` at a registered version and append the move to its history.

        Raises `ConfigError` when the version is not registered.
        """
        puts: list[Any] = [
            {"Put": {"TableName": self._table, "Item": item}}
            for item in alias_items(model, moved_at, alias)
        ]
        registered: Any = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _version_key(model.name, model.version),
                "ConditionExpression": "attribute_exists(pk)",
            }
        }
        try:
            self._client.transact_write_items(TransactItems=[registered, *puts])
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            if reasons[0] != "ConditionalCheckFailed":
                raise
            raise ConfigError(f"{model.name} {model.version} is not registered") from error
