"""Which versions serve, for who only reads it: without moves, rules and what they are made of."""

from typing import TYPE_CHECKING, Final

from visionflow import dynamodb, strict
from visionflow.models.routing import Aliases

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ALIASES_KEY: Final[dynamodb.Item] = {"pk": {"S": "ALIASES"}, "sk": {"S": "CURRENT"}}


class AliasReader:
    """Reads one row of the registry table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def aliases(self) -> Aliases:
        """What serves now, read consistently and in one piece."""
        item = dynamodb.read_item(self._client, self._table, ALIASES_KEY)
        if item is None:
            return Aliases()
        return strict.parse(Aliases, dynamodb.from_row(item), "registry.aliases")
