"""Which model versions exist and which one serves, in DynamoDB.

Rows: ``VERSIONS / <name>#<version>`` for a published version, ``ALIASES / CURRENT`` for what serves
now (one row, so that it is read in one piece), ``RULE / CURRENT`` for the rollback rule and
``RULE / PROMOTION`` for the promotion rule,
``HISTORY / <time>#<alias>`` for each move, never changed, and ``CLAIMS / <name>#<version>`` for who
publishes or has published a version: the hash of its files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from visionflow import dynamodb, strict
from visionflow.errors import AliasConflictError
from visionflow.models.moves import Effect, Wanted, after, effects
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.ref import ModelRef
from visionflow.models.registry.rows import Retirement, require_fit, version_key
from visionflow.models.registry.versions import VersionRegistry
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Aliases, Move, Order, Step
from visionflow.models.serving import ALIASES_KEY
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, UpdateTypeDef

_RULE_KEY: dynamodb.Item = {"pk": {"S": "RULE"}, "sk": {"S": "CURRENT"}}
_PROMOTION_KEY: dynamodb.Item = {"pk": {"S": "RULE"}, "sk": {"S": "PROMOTION"}}

# A move that loses a race is tried again; people do not move aliases more often.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Preview:
    """What serves before and after a move that nobody has made."""

    before: Aliases
    then: Aliases
    effects: tuple[Effect, ...]


def first_promotion(table: str, model: ModelRef, order: Order) -> list[dynamodb.Action]:
    """The transaction that puts ``model`` into production where nothing ever was."""
    return _step_actions(table, Aliases(), Aliases().promoted(model, order))


class ModelRegistry(VersionRegistry):
    """Owns the registry table."""

    def current(self) -> ModelRef | None:
        """The version in production, or None when none ever was."""
        return self.aliases().production

    def promote(self, model: ModelRef, order: Order) -> Aliases:
        """Put a registered version into production. Raises what `move` raises."""
        return self.move(Wanted("promote", model), order)

    def roll_back(self, order: Order) -> Aliases:
        """Put into production what was there before."""
        return self.move(Wanted("rollback"), order)

    def end_trial(self, seen: Aliases, order: Order) -> bool:
        """Undo the move that ``seen.trial`` is about, unless the aliases have moved since."""
        if seen.trial is None:
            return False
        canary = seen.trial.alias == "canary"
        step = seen.without_canary(order) if canary else seen.rolled_back(order)
        if canary:
            # The history then says that the rule ended it, not a person.
            step = replace(step, moves=tuple(replace(m, action="rollback") for m in step.moves))
        return self._write(seen, step, None)

    def set_canary(self, model: ModelRef, percent: int, order: Order) -> Aliases:
        """Let a registered version answer ``percent`` of the images."""
        return self.move(Wanted("canary", model, percent), order)

    def clear_canary(self, order: Order) -> Aliases:
        return self.move(Wanted("end_canary"), order)

    def set_shadow(self, model: ModelRef, order: Order) -> Aliases:
        """Let a registered version look at every image after it was answered."""
        return self.move(Wanted("shadow", model), order)

    def clear_shadow(self, order: Order) -> Aliases:
        return self.move(Wanted("end_shadow"), order)

    def retire(self, model: ModelRef, order: Order) -> None:
        """Mark a version as never to serve again; its files stay. Once retired, always retired.

        Raises `ModelNotFoundError`, and `ModelInUseError` while an alias points at it.
        """
        retired = strict.to_dict(Retirement(order.by, timestamp(order.at), order.reason))
        values = {":retired": retired, ":none": None}
        for _ in range(_ATTEMPTS):
            if self.existing(model).retired:
                return
            aliases = self._seen(order)
            mark: UpdateTypeDef = {
                "TableName": self._table,
                "Key": version_key(model),
                "UpdateExpression": "SET retired = :retired",
                "ConditionExpression": "retired = :none",
                "ExpressionAttributeValues": dynamodb.to_item(values),
            }
            # With the aliases' row, so that it is not promoted at the same moment.
            then = after(aliases, Wanted("retire", model), order).aliases
            put = _put_aliases(self._table, aliases, then)
            if dynamodb.transact(self._client, [{"Update": mark}, put]) is None:
                return
        raise AliasConflictError("Others keep moving the aliases; try again.")

    def rule(self) -> RollbackRule:
        """When a trial is rolled back automatically; off until it is set."""
        row = self._get(_RULE_KEY)
        return RollbackRule() if row is None else strict.parse(RollbackRule, row, "registry.rule")

    def set_rule(self, rule: RollbackRule) -> None:
        rule.check()
        item = {**_RULE_KEY, **dynamodb.to_item(strict.to_dict(rule))}
        self._client.put_item(TableName=self._table, Item=item)

    def promotion_rule(self) -> PromotionRule:
        """When a job's version is promoted without a person; off until it is set."""
        row = self._get(_PROMOTION_KEY)
        if row is None:
            return PromotionRule()
        return strict.parse(PromotionRule, row, "registry.promotion_rule")

    def set_promotion_rule(self, rule: PromotionRule) -> None:
        rule.check()
        item = {**_PROMOTION_KEY, **dynamodb.to_item(strict.to_dict(rule))}
        self._client.put_item(TableName=self._table, Item=item)

    def history(
        self, limit: int, alias: Alias | None = None, cursor: str | None = None
    ) -> dynamodb.Page[Move]:
        """At most ``limit`` moves, of ``alias`` or of all. Raises `InvalidCursorError`."""
        below = "~" if cursor is None else _read_cursor(cursor)
        found: list[Move] = []
        for move in self._moves(below, alias):
            if len(found) == limit:
                return dynamodb.Page(tuple(found), _position(found[-1]))
            found.append(move)
        return dynamodb.Page(tuple(found), None)

    def served_at(self, at: datetime, alias: Alias = "production") -> Move | None:
        """The move that ``alias`` was at by some time; None when it was not yet set."""
        return next(self._moves(f"{timestamp(at)}$", alias), None)

    def _moves(self, below: str, alias: Alias | None) -> Iterator[Move]:
        """The latest first, under the sort key ``below``."""
        condition, values = "pk = :pk AND sk < :below", {":pk": "HISTORY", ":below": below}
        for item in dynamodb.query(self._client, self._table, condition, values, forward=False):
            move = strict.parse(Move, dynamodb.from_row(item), "registry.history")
            if alias in (None, move.alias):
                yield move

    def preview(self, wanted: Wanted, order: Order) -> Preview:
        """What a move would do now, without doing it. Raises what the move would raise."""
        before = self.aliases()
        then = after(before, wanted, order).aliases
        found = effects(before, then, rule_is_on=self.rule().enabled)
        if wanted.model is not None:
            row = self.existing(wanted.model)
            if wanted.kind != "retire":
                require_fit(row)
            elif row.retired is None:
                found = (Effect("retired", wanted.model), *found)
            if wanted.kind in ("promote", "canary") and not row.gate_passed:
                found = (*found, Effect("gate_failed", wanted.model))
        return Preview(before, then, found)

    def move(self, wanted: Wanted, order: Order) -> Aliases:
        """What serves after a move. Raises what `moved` raises."""
        return self.moved(wanted, order)[1]

    def moved(self, wanted: Wanted, order: Order) -> tuple[Aliases, Aliases]:
        """What served before a move, and what serves after it.

        Raises `ModelNotFoundError` for a version that is not registered, `ModelRetiredError` for a
        retired one, `ModelUntriedError` for one without a trial, what `Aliases` raises for a move
        that it does not allow, and `AliasConflictError` when others keep moving the aliases, or
        have moved them since ``order.seen``.
        """
        if wanted.kind == "retire" and wanted.model is not None:
            self.retire(wanted.model, order)
            aliases = self.aliases()
            return aliases, aliases
        for _ in range(_ATTEMPTS):
            aliases = self._seen(order)
            step = after(aliases, wanted, order)
            if not step.moves or self._write(aliases, step, wanted.model):
                return aliases, step.aliases
        raise AliasConflictError("Others keep moving the aliases; try again.")

    def _write(self, seen: Aliases, step: Step, model: ModelRef | None) -> bool:
        """Write the aliases and the history together; False when they are not as ``seen``."""
        actions = _step_actions(self._table, seen, step)
        if model is not None:
            actions.append({"ConditionCheck": self.may_serve(model)})
        failed = dynamodb.transact(self._client, actions)
        if failed is None:
            return True
        if model is not None and failed[-1] == "ConditionalCheckFailed":
            require_fit(self.existing(model))
        return False

    def _seen(self, order: Order) -> Aliases:
        """What serves now. Raises `AliasConflictError` where ``order`` goes by another state."""
        aliases = self.aliases()
        if order.seen not in (None, aliases.revision):
            raise AliasConflictError(
                "The aliases have moved since you saw what the move does; look again."
            )
        return aliases


def _step_actions(table: str, seen: Aliases, step: Step) -> list[dynamodb.Action]:
    """The aliases, on the condition that they still are as ``seen``, and the history's lines."""
    actions = [_put_aliases(table, seen, step.aliases)]
    for move in step.moves:
        row = {"pk": "HISTORY", "sk": _position(move), **strict.to_dict(move)}
        put: PutTypeDef = {
            "TableName": table,
            "Item": dynamodb.to_item(row),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        actions.append({"Put": put})
    return actions


def _put_aliases(table: str, seen: Aliases, after: Aliases) -> dynamodb.Action:
    put: PutTypeDef = {
        "TableName": table,
        "Item": {**ALIASES_KEY, **dynamodb.to_item(strict.to_dict(after))},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if seen.revision:
        put["ConditionExpression"] = "revision = :seen"
        put["ExpressionAttributeValues"] = dynamodb.to_item({":seen": seen.revision})
    return {"Put": put}


def _position(move: Move) -> str:
    return f"{move.moved_at}#{move.alias}"


def _read_cursor(cursor: str) -> str:
    at, _, alias = cursor.partition("#")
    if not at.endswith("Z") or alias not in ("production", "canary", "shadow"):
        raise dynamodb.unknown_cursor()
    return cursor
