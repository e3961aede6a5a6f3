"""Which model versions exist and which one serves, in DynamoDB.

Rows: ``VERSIONS / <name>#<version>`` for a published version, ``ALIASES / CURRENT`` for what serves
now (one row, so that it is read in one piece), ``RULE / CURRENT`` for the rollback rule, and
``HISTORY / <time>#<alias>`` for each move, never changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import from_item, to_item
from visionflow.errors import (
    AliasConflictError,
    InvalidCursorError,
    ModelNotFoundError,
    ModelRetiredError,
)
from visionflow.models.manifest import Manifest, Precision
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Aliases, Move, Order, Step
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ALIASES_KEY: dict[str, Any] = {"pk": {"S": "ALIASES"}, "sk": {"S": "CURRENT"}}
_RULE_KEY: dict[str, Any] = {"pk": {"S": "RULE"}, "sk": {"S": "CURRENT"}}

# A move that loses a race is tried again; people do not move aliases more often than this.
_ATTEMPTS = 5


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
    """Who said, when and why, that a version is not to serve again."""

    by: str
    at: str
    reason: str | None


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
    retired: Retirement | None

    @property
    def model(self) -> ModelRef:
        return ModelRef(self.name, self.version)


@dataclass(frozen=True)
class HistoryPage:
    """Moves, the latest first. ``next_cursor`` is null when there is nothing older."""

    items: tuple[Move, ...]
    next_cursor: str | None


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
        retired=None,
    )
    return {**_version_key(row.model), **to_item(strict.to_dict(row))}


def first_promotion(model: ModelRef, order: Order) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of the aliases and those of the history that put ``model`` into production where
    nothing is yet, as attribute values."""
    step = Aliases().promoted(model, order)
    return _aliases_item(step.aliases), [_move_item(move) for move in step.moves]


class ModelRegistry:
    """Owns the registry table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def aliases(self) -> Aliases:
        """What serves now, read consistently and in one piece."""
        row = self._get(_ALIASES_KEY)
        return Aliases() if row is None else strict.parse(Aliases, row, "registry.aliases")

    def current(self) -> ModelRef | None:
        """The version in production, or None when none ever was."""
        return self.aliases().production

    def version(self, model: ModelRef) -> RegisteredVersion | None:
        """The row of a published version, or None when it was never registered."""
        row = self._get(_version_key(model))
        return None if row is None else _registered(row)

    def versions(self) -> tuple[RegisteredVersion, ...]:
        """Every published version, the latest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "VERSIONS"}},
        )
        rows = [_registered(_row(item)) for page in pages for item in page["Items"]]
        return tuple(sorted(rows, key=lambda row: row.created_at, reverse=True))

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

    def promote(self, model: ModelRef, order: Order) -> Aliases:
        """Put a registered version into production.

        This and the other moves raise `ModelNotFoundError` for a version that is not registered,
        `ModelRetiredError` for a retired one, what `Aliases` raises for a move that it does not
        allow, and `AliasConflictError` when others keep moving the aliases.
        """
        return self._move(lambda aliases: aliases.promoted(model, order), model)

    def roll_back(self, order: Order) -> Aliases:
        """Put into production what was there before."""
        return self._move(lambda aliases: aliases.rolled_back(order))

    def end_trial(self, seen: Aliases, order: Order) -> bool:
        """Take back the move that ``seen.trial`` is about, unless somebody has moved meanwhile."""
        if seen.trial is None:
            return False
        canary = seen.trial.alias == "canary"
        step = seen.without_canary(order) if canary else seen.rolled_back(order)
        if canary:
            # The history says why it ended: a rule took it back, nobody cleared it.
            step = replace(step, moves=tuple(replace(m, action="rollback") for m in step.moves))
        return self._write(seen, step, None)

    def set_canary(self, model: ModelRef, percent: int, order: Order) -> Aliases:
        """Let a registered version answer ``percent`` of the images."""
        return self._move(lambda aliases: aliases.with_canary(model, percent, order), model)

    def clear_canary(self, order: Order) -> Aliases:
        return self._move(lambda aliases: aliases.without_canary(order))

    def set_shadow(self, model: ModelRef, order: Order) -> Aliases:
        """Let a registered version look at every image after it was answered."""
        return self._move(lambda aliases: aliases.with_shadow(model, order), model)

    def clear_shadow(self, order: Order) -> Aliases:
        return self._move(lambda aliases: aliases.without_shadow(order))

    def retire(self, model: ModelRef, order: Order) -> None:
        """Mark a version as never to serve again; its files stay. Once retired, always retired.

        Raises `ModelNotFoundError`, and `ModelInUseError` while an alias points at it.
        """
        retired = strict.to_dict(Retirement(order.by, timestamp(order.at), order.reason))
        values = {":retired": retired, ":none": None}
        for _ in range(_ATTEMPTS):
            row = self.version(model)
            if row is None:
                raise _not_found(model)
            if row.retired:
                return
            aliases = self.aliases()
            mark = {
                "TableName": self._table,
                "Key": _version_key(model),
                "UpdateExpression": "SET retired = :retired",
                "ConditionExpression": "retired = :none",
                "ExpressionAttributeValues": to_item(values),
            }
            # With the aliases' row: nobody can promote it at the same moment.
            put = self._put_aliases(aliases, aliases.forgetting(model))
            if self._transact([{"Update": mark}, put]) is None:
                return
        raise AliasConflictError("Others keep moving the aliases; try again.")

    def rule(self) -> RollbackRule:
        """When a trial is taken back without asking; off until somebody sets it."""
        row = self._get(_RULE_KEY)
        return RollbackRule() if row is None else strict.parse(RollbackRule, row, "registry.rule")

    def set_rule(self, rule: RollbackRule) -> None:
        rule.check()
        item = {**_RULE_KEY, **to_item(strict.to_dict(rule))}
        self._client.put_item(TableName=self._table, Item=item)

    def history(
        self, limit: int, alias: Alias | None = None, cursor: str | None = None
    ) -> HistoryPage:
        """At most ``limit`` moves, of ``alias`` or of all. Raises `InvalidCursorError`."""
        below = "~" if cursor is None else _read_cursor(cursor)
        found: list[Move] = []
        for move in self._moves(below, alias):
            if len(found) == limit:
                return HistoryPage(tuple(found), _position(found[-1]))
            found.append(move)
        return HistoryPage(tuple(found), None)

    def served_at(self, at: datetime, alias: Alias = "production") -> Move | None:
        """The move by which ``alias`` stood at a point in time; None when it was not yet set."""
        return next(self._moves(f"{timestamp(at)}$", alias), None)

    def _moves(self, below: str, alias: Alias | None) -> Iterator[Move]:
        """The latest first, under the sort key ``below``."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk < :below",
            ExpressionAttributeValues={":pk": {"S": "HISTORY"}, ":below": {"S": below}},
            ScanIndexForward=False,
        )
        for page in pages:
            for item in page["Items"]:
                move = strict.parse(Move, _row(item), "registry.history")
                if alias in (None, move.alias):
                    yield move

    def _move(self, decide: Callable[[Aliases], Step], model: ModelRef | None = None) -> Aliases:
        for _ in range(_ATTEMPTS):
            aliases = self.aliases()
            step = decide(aliases)
            if not step.moves or self._write(aliases, step, model):
                return step.aliases
        raise AliasConflictError("Others keep moving the aliases; try again.")

    def _write(self, seen: Aliases, step: Step, model: ModelRef | None) -> bool:
        """Write the aliases and the history together; False when they are not as ``seen``."""
        puts: list[Any] = [self._put_aliases(seen, step.aliases)]
        for move in step.moves:
            new = {"TableName": self._table, "Item": _move_item(move)}
            puts.append({"Put": {**new, "ConditionExpression": "attribute_not_exists(pk)"}})
        if model is not None:
            puts.append({"ConditionCheck": self._may_serve(model)})
        failed = self._transact(puts)
        if failed is None:
            return True
        if model is not None and failed[-1] == "ConditionalCheckFailed":
            row = self.version(model)
            if row is None:
                raise _not_found(model)
            raise ModelRetiredError(
                f"{model.name} {model.version} is retired; a retired version cannot serve again."
            )
        return False

    def _put_aliases(self, seen: Aliases, after: Aliases) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": _aliases_item(after)}
        if seen.revision:
            put["ConditionExpression"] = "revision = :seen"
            put["ExpressionAttributeValues"] = to_item({":seen": seen.revision})
        else:
            put["ConditionExpression"] = "attribute_not_exists(pk)"
        return {"Put": put}

    def _may_serve(self, model: ModelRef) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _version_key(model),
            "ConditionExpression": "attribute_exists(pk) AND retired = :none",
            "ExpressionAttributeValues": to_item({":none": None}),
        }

    def _transact(self, items: list[Any]) -> list[str | None] | None:
        """None when it was done, else why not, item by item."""
        try:
            self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            if not {"ConditionalCheckFailed", "TransactionConflict"} & set(codes):
                raise
            return codes
        return None

    def _get(self, key: dict[str, Any]) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _row(answer["Item"]) if "Item" in answer else None


def _version_key(model: ModelRef) -> dict[str, Any]:
    return to_item({"pk": "VERSIONS", "sk": f"{model.name}#{model.version}"})


def _aliases_item(aliases: Aliases) -> dict[str, Any]:
    return {**_ALIASES_KEY, **to_item(strict.to_dict(aliases))}


def _move_item(move: Move) -> dict[str, Any]:
    return to_item({"pk": "HISTORY", "sk": _position(move), **strict.to_dict(move)})


def _position(move: Move) -> str:
    return f"{move.moved_at}#{move.alias}"


def _read_cursor(cursor: str) -> str:
    at, _, alias = cursor.partition("#")
    if not at.endswith("Z") or alias not in ("production", "canary", "shadow"):
        raise InvalidCursorError("The cursor is not one that this API gave out.")
    return cursor


def _row(item: Any) -> dict[str, Any]:
    row = from_item(item)
    return {key: value for key, value in row.items() if key not in ("pk", "sk")}


def _registered(row: dict[str, Any]) -> RegisteredVersion:
    return strict.parse(RegisteredVersion, row, f"registry.{row.get('name')}.{row.get('version')}")


def _not_found(model: ModelRef) -> ModelNotFoundError:
    return ModelNotFoundError(f"{model.name} {model.version} is not registered.")
