"""Which model versions exist and which one serves, in DynamoDB.

Rows: ``VERSIONS / <name>#<version>`` for a published version, ``ALIASES / CURRENT`` for what serves
now (one row, so that it is read in one piece), ``RULE / CURRENT`` for the rollback rule and
``RULE / PROMOTION`` for the promotion rule,
``HISTORY / <time>#<alias>`` for each move, never changed, and ``CLAIMS / <name>#<version>`` for who
publishes or has published a version: the hash of its files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from visionflow import dynamodb, strict
from visionflow.errors import (
    AliasConflictError,
    ModelNotFoundError,
    ModelRetiredError,
    ModelUntriedError,
)
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import Manifest, Precision
from visionflow.models.moves import Effect, Wanted, after, effects
from visionflow.models.promotion_rule import PromotionRule, Verified
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Aliases, Move, Order, Step
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        ConditionCheckTypeDef,
        PutItemInputTypeDef,
        PutTypeDef,
        UpdateTypeDef,
    )

_ALIASES_KEY: dynamodb.Item = {"pk": {"S": "ALIASES"}, "sk": {"S": "CURRENT"}}
_RULE_KEY: dynamodb.Item = {"pk": {"S": "RULE"}, "sk": {"S": "CURRENT"}}
_PROMOTION_KEY: dynamodb.Item = {"pk": {"S": "RULE"}, "sk": {"S": "PROMOTION"}}

# Publishing takes minutes: a claim that is older, and whose version is not there, is nobody's.
CLAIM_LIFETIME = timedelta(hours=1)
# A move that loses a race is tried again; people do not move aliases more often.
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


@dataclass(frozen=True)
class Preview:
    """What serves before and after a move that nobody has made."""

    before: Aliases
    then: Aliases
    effects: tuple[Effect, ...]


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
        "Item": {**_version_key(row.model), **dynamodb.to_item(strict.to_dict(row))},
        "ConditionExpression": "attribute_not_exists(pk)",
    }


def first_promotion(table: str, model: ModelRef, order: Order) -> list[dynamodb.Action]:
    """The transaction that puts ``model`` into production where nothing ever was."""
    return _step_actions(table, Aliases(), Aliases().promoted(model, order))


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
        items = dynamodb.query(self._client, self._table, "pk = :pk", {":pk": "VERSIONS"})
        rows = [_registered(dynamodb.from_row(item)) for item in items]
        return tuple(sorted(rows, key=lambda row: row.created_at, reverse=True))

    def claim(self, model: ModelRef, content: str, at: datetime) -> bool:
        """Keep a version for files whose hash is ``content``, before any of them is stored: of two
        who publish at once the first wins. False where others have it."""
        claim = {"pk": "CLAIMS", "sk": _sort_key(model), "content": content, "at": timestamp(at)}
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
                Item={**_version_key(row.model), **dynamodb.to_item(strict.to_dict(row))},
                ConditionExpression="retired = :none",
                ExpressionAttributeValues=dynamodb.to_item({":none": None}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # retired meanwhile, so it cannot serve in any case

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
            if self._existing(model).retired:
                return
            aliases = self._seen(order)
            mark: UpdateTypeDef = {
                "TableName": self._table,
                "Key": _version_key(model),
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
            row = self._existing(wanted.model)
            if wanted.kind != "retire":
                _require_fit(row)
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
            actions.append({"ConditionCheck": self._may_serve(model)})
        failed = dynamodb.transact(self._client, actions)
        if failed is None:
            return True
        if model is not None and failed[-1] == "ConditionalCheckFailed":
            _require_fit(self._existing(model))
        return False

    def _seen(self, order: Order) -> Aliases:
        """What serves now. Raises `AliasConflictError` where ``order`` goes by another state."""
        aliases = self.aliases()
        if order.seen not in (None, aliases.revision):
            raise AliasConflictError(
                "The aliases have moved since you saw what the move does; look again."
            )
        return aliases

    def _existing(self, model: ModelRef) -> RegisteredVersion:
        row = self.version(model)
        if row is None:
            raise ModelNotFoundError(f"{model.text} is not registered.")
        return row

    def _may_serve(self, model: ModelRef) -> "ConditionCheckTypeDef":
        return {
            "TableName": self._table,
            "Key": _version_key(model),
            "ConditionExpression": "retired = :none AND attribute_exists(tried) AND tried <> :none",
            "ExpressionAttributeValues": dynamodb.to_item({":none": None}),
        }

    def _get(self, key: dynamodb.Item) -> dict[str, Any] | None:
        item = dynamodb.read_item(self._client, self._table, key)
        return dynamodb.from_row(item) if item else None


def _version_key(model: ModelRef) -> dynamodb.Item:
    return dynamodb.to_item({"pk": "VERSIONS", "sk": _sort_key(model)})


def _sort_key(model: ModelRef) -> str:
    return f"{model.name}#{model.version}"


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
        "Item": {**_ALIASES_KEY, **dynamodb.to_item(strict.to_dict(after))},
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


def _registered(row: dict[str, Any]) -> RegisteredVersion:
    # Rows from before versions were tried and verified.
    row = {"tried": None, "verified": None, **row}
    return strict.parse(RegisteredVersion, row, f"registry.{row.get('name')}.{row.get('version')}")


def _require_fit(row: RegisteredVersion) -> None:
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
