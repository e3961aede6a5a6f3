"""Which model versions exist and which one serves, in DynamoDB.

Rows: ``MODEL#<name> / VERSION#<version>`` for a published version, ``ALIAS#<alias> / CURRENT``
for what an alias points at, and ``ALIAS#<alias> / MOVED#<time>`` for each move, never changed.
"""

from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import from_item, to_item
from visionflow.errors import ConfigError
from visionflow.manifest import Manifest
from visionflow.predictions import ModelRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PRODUCTION = "production"


def version_item(manifest: Manifest) -> dict[str, Any]:
    """The row of a published version, as attribute values."""
    return to_item(
        {
            "pk": f"MODEL#{manifest.name}",
            "sk": f"VERSION#{manifest.version}",
            "name": manifest.name,
            "version": manifest.version,
            "created_at": manifest.created_at,
            "precision": manifest.precision,
            "labels": len(manifest.labels),
            "metrics": manifest.metrics,
            "gate_passed": all(check.passed for check in manifest.gate),
        }
    )


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

    def register(self, manifest: Manifest) -> None:
        """Record a published version. A version never changes, so neither does its row."""
        self._client.put_item(TableName=self._table, Item=version_item(manifest))

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
                "Key": to_item({"pk": f"MODEL#{model.name}", "sk": f"VERSION#{model.version}"}),
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
