"""Which versions there are, and which are kept for those who publish them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from visionflow import dynamodb, strict
from visionflow.errors import ModelNotFoundError
from visionflow.models.manifest import Manifest
from visionflow.models.promotion_rule import Verified
from visionflow.models.ref import ModelRef
from visionflow.models.registry.rows import (
    Force,
    RegisteredVersion,
    Tried,
    registered,
    registration,
    sort_key,
    version_key,
)
from visionflow.models.serving import AliasReader
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import ConditionCheckTypeDef

# Publishing takes minutes: a claim that is older, and whose version is not there, is nobody's.
CLAIM_LIFETIME = timedelta(hours=1)


class VersionRegistry(AliasReader):
    """The registry table as far as it is about versions alone."""

    def version(self, model: ModelRef) -> RegisteredVersion | None:
        """The row of a published version, or None when it was never registered."""
        row = self._get(version_key(model))
        return None if row is None else registered(row)

    def versions(self) -> tuple[RegisteredVersion, ...]:
        """Every published version, the latest first."""
        items = dynamodb.query(self._client, self._table, "pk = :pk", {":pk": "VERSIONS"})
        rows = [registered(dynamodb.from_row(item)) for item in items]
        return tuple(sorted(rows, key=lambda row: row.created_at, reverse=True))

    def claim(self, model: ModelRef, content: str, at: datetime) -> bool:
        """Keep a version for files whose hash is ``content``, before any of them is stored: of two
        who publish at once the first wins. False where others have it."""
        claim = {"pk": "CLAIMS", "sk": sort_key(model), "content": content, "at": timestamp(at)}
        values = {":content": content, ":old": timestamp(at - CLAIM_LIFETIME)}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=dynamodb.to_item(claim),
                ConditionExpression="attribute_not_exists(pk) OR content = :content OR #at < :old",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues=dynamodb.to_item(values),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def claims(self, name: str) -> dict[str, str]:
        """The content that each version of a model is, or was, kept for."""
        condition, values = (
            "pk = :pk AND begins_with(sk, :name)",
            {":pk": "CLAIMS", ":name": f"{name}#"},
        )
        rows = dynamodb.query(self._client, self._table, condition, values, consistent=True)
        found = map(dynamodb.from_item, rows)
        return {str(row["sk"]).removeprefix(f"{name}#"): str(row["content"]) for row in found}

    def register(
        self,
        manifest: Manifest,
        tried: Tried,
        force: Force | None = None,
        verified: Verified | None = None,
    ) -> None:
        """Record a published version. A version never changes, so neither does its row: an
        existing one stays, with the force by which it was published. It only gets a trial that it
        lacks."""
        try:
            self._client.put_item(**registration(self._table, manifest, tried, force, verified))
        except self._client.exceptions.ConditionalCheckFailedException:
            row = self.version(ModelRef(manifest.name, manifest.version))
            if row and row.tried is None and row.retired is None:
                self._add_trial(replace(row, tried=tried))

    def _add_trial(self, row: RegisteredVersion) -> None:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**version_key(row.model), **dynamodb.to_item(strict.to_dict(row))},
                ConditionExpression="retired = :none",
                ExpressionAttributeValues=dynamodb.to_item({":none": None}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # retired meanwhile, so it cannot serve in any case

    def existing(self, model: ModelRef) -> RegisteredVersion:
        row = self.version(model)
        if row is None:
            raise ModelNotFoundError(f"{model.text} is not registered.")
        return row

    def may_serve(self, model: ModelRef) -> "ConditionCheckTypeDef":
        return {
            "TableName": self._table,
            "Key": version_key(model),
            "ConditionExpression": "retired = :none AND attribute_exists(tried) AND tried <> :none",
            "ExpressionAttributeValues": dynamodb.to_item({":none": None}),
        }

    def _get(self, key: dynamodb.Item) -> dict[str, Any] | None:
        item = dynamodb.read_item(self._client, self._table, key)
        return dynamodb.from_row(item) if item else None
