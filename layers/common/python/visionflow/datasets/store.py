"""Datasets in DynamoDB: their classes, their rule, their comparison and their end; `images` has the
rest.

Rows: ``DATASETS / <name>`` with the classes, their moves and the rule by which records flow in,
``FLOW#<name> / <day>`` with what it did on a day (UTC), ``EXAMINATION#<name> / DUE`` and
``/ DONE``. Images, versions and trainings have rows of their own.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from visionflow import dynamodb, strict
from visionflow.datasets import rows
from visionflow.datasets.changes import Book, ClassChange
from visionflow.datasets.flow import Flow
from visionflow.datasets.health import Health
from visionflow.datasets.images.curation import ImageCuration
from visionflow.datasets.images.sources import ImageSources
from visionflow.datasets.images.store import DatasetImages
from visionflow.datasets.names import check_name
from visionflow.datasets.record import Dataset
from visionflow.dynamodb import Found, from_item, from_row, to_item
from visionflow.errors import DatasetConflictError, InvalidParameterError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestUnionTypeDef

_ATTEMPTS = 8
# What DynamoDB deletes in one call.
_DELETED = 25
# Rows that are deleted between two looks at the clock.
_AT_ONCE = 8 * _DELETED
# The names of model versions that its trainings took, MODEL, stay: models outlive the dataset.
_OF_A_DATASET = ("IMAGES", "CONTENT", "VERSIONS", "RUNS", "MODELS", "EXAMINATION", "FLOW")


class DatasetStore:
    """Owns the table of datasets, together with ``images``, ``sources``, ``curation``,
    `VersionStore` and `RunStore`."""

    def __init__(
        self,
        table: str,
        dynamodb: "DynamoDBClient",
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.table: Final = table
        self.client: Final = dynamodb
        self.sleep: Final = sleep
        self.clock: Final = clock
        self.images: Final = DatasetImages(table, dynamodb, sleep)
        self.sources: Final = ImageSources(table, dynamodb, sleep)
        self.curation: Final = ImageCuration(table, dynamodb, sleep)

    def create(self, dataset: Dataset) -> None:
        """Write a new dataset. Raises `DatasetConflictError` when there is one of this name, and
        `InvalidParameterError` for a name that none can have or classes that are not labels."""
        check_name(dataset.name)
        book = Book(dataset=replace(dataset, classes=(), revision=0))
        for known in dataset.classes:
            change = ClassChange(action="add", name=known.name, ko=known.ko, en=known.en)
            try:
                book = book.changed(change)
            except InvalidParameterError as error:
                raise InvalidParameterError(str(error), "classes") from error
        try:
            self.client.put_item(
                TableName=self.table,
                Item=rows.book_item(Book(dataset=replace(book.dataset, revision=0))),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise DatasetConflictError(
                f"There is a dataset {dataset.name} already.", "name"
            ) from error

    def dataset(self, name: str) -> Dataset:
        """Read consistently. Raises `DatasetMissingError`."""
        return self._book(name).dataset

    def datasets(self, *, deleting: bool = False) -> tuple[Dataset, ...]:
        """All datasets by name; with ``deleting`` also those that a deletion has hidden and not
        finished."""
        found = dynamodb.query(self.client, self.table, "pk = :pk", {":pk": rows.DATASETS})
        return tuple(
            rows.book_of(item).dataset for item in found if deleting or "deleting" not in item
        )

    def delete(self, name: str, seconds: float = 10) -> bool:
        """Delete a dataset with all its rows, in about ``seconds``; with 0 only hide it. True when
        it is gone; otherwise, or when this is cut off, call it again: nobody sees the dataset any
        more, and none of its name can be created until it is gone.

        Raises `DatasetMissingError`.
        """
        end = self.clock() + seconds
        key = rows.dataset_key(name)
        try:
            self.client.update_item(
                TableName=self.table,
                Key=key,
                UpdateExpression="SET deleting = :yes",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":yes": True}),
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise rows.no_dataset(name) from error
        for kind in _OF_A_DATASET:
            found = dynamodb.query(
                self.client,
                self.table,
                "pk = :pk",
                {":pk": f"{kind}#{name}"},
                names=("pk", "sk"),
                consistent=True,
            )
            while keys := list(islice(found, _AT_ONCE)):
                if self.clock() >= end:
                    return False
                self._delete_rows(keys)
        self.client.delete_item(TableName=self.table, Key=key)
        return True

    def change_classes(self, name: str, change: ClassChange) -> Dataset:
        """Add, rename, merge, delete or describe a class. All images follow at once, however many.

        Raises `DatasetMissingError`, `InvalidParameterError`, and `DatasetConflictError` when
        others keep changing the classes.
        """
        for attempt in range(_ATTEMPTS):
            book = self._book(name)
            changed = book.changed(change)
            if changed == book:
                return book.dataset
            try:
                # Only these attributes: the rule is changed by others at the same time.
                item = rows.book_item(changed)
                written = {f":{name}": item[name] for name in ("classes", "moves", "revision")}
                self.client.update_item(
                    TableName=self.table,
                    Key=rows.dataset_key(name),
                    UpdateExpression="SET classes = :classes, moves = :moves, revision = :revision",
                    ConditionExpression="revision = :seen AND attribute_not_exists(deleting)",
                    ExpressionAttributeValues=written | to_item({":seen": book.dataset.revision}),
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                dynamodb.back_off(attempt, self.sleep)
            else:
                return changed.dataset
        raise DatasetConflictError(f"The classes of {name} keep changing; try again.")

    def set_flow(self, name: str, flow: Flow | None) -> Dataset:
        """Let records flow in by the rule ``flow``; None ends that.

        Raises `DatasetMissingError`, `InvalidParameterError`.
        """
        if flow is not None:
            flow.check()
        try:
            self.client.update_item(
                TableName=self.table,
                Key=rows.dataset_key(name),
                UpdateExpression="SET flow = :flow",
                ConditionExpression="attribute_exists(pk) AND attribute_not_exists(deleting)",
                ExpressionAttributeValues=to_item({":flow": strict.to_dict(flow)}),
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise rows.no_dataset(name) from error
        return self.dataset(name)

    def flows(self) -> dict[str, Flow]:
        """The rules of all datasets that have one."""
        found = dynamodb.query(
            self.client,
            self.table,
            "pk = :pk",
            {":pk": rows.DATASETS},
            names=("sk", "flow", "deleting"),
        )
        items = (from_item(item) for item in found if "deleting" not in item)
        return {
            str(row["sk"]): strict.parse(Flow, row["flow"], f"flow of {row['sk']}")
            for row in items
            if row.get("flow") is not None
        }

    def flowed(self, name: str, day: str) -> int:
        """How many images the rule let in on ``day``, YYYY-MM-DD in UTC."""
        item = self._row("FLOW", name, day)
        return int(item["images"]["N"]) if item and "images" in item else 0

    def rule_training(self, name: str, day: str) -> str | None:
        """The id of the training that the rule claimed for ``day``."""
        item = self._row("FLOW", name, day)
        return item["training"]["S"] if item and "training" in item else None

    def claim_training(self, name: str, day: str, run_id: str) -> str:
        """Claim the one training of ``day`` that the rule may start. Returns its id: ``run_id``,
        or that of whoever claimed it before."""
        answer = self.client.update_item(
            TableName=self.table,
            Key=rows.row_key("FLOW", name, day),
            UpdateExpression="SET training = if_not_exists(training, :run)",
            ExpressionAttributeValues=to_item({":run": run_id}),
            ReturnValues="ALL_NEW",
        )
        return answer["Attributes"]["training"]["S"]

    def due(self, name: str, wave: str) -> bool:
        """Remember that images have changed since they were last compared. True unless the change
        before was of the same ``wave`` of changes, which one comparison answers."""
        answer = self.client.update_item(
            TableName=self.table,
            Key=rows.row_key("EXAMINATION", name, "DUE"),
            UpdateExpression="SET #token = :token, #wave = :wave",
            ExpressionAttributeNames={"#token": "token", "#wave": "wave"},
            ExpressionAttributeValues=to_item({":token": uuid.uuid4().hex, ":wave": wave}),
            ReturnValues="ALL_OLD",
        )
        return answer.get("Attributes", {}).get("wave") != {"S": wave}

    def due_token(self, name: str, wave: str | None = None) -> str | None:
        """A token of the last `due`; with a ``wave``, None where the last was of another."""
        item = self._row("EXAMINATION", name, "DUE")
        if item is None or (wave is not None and item.get("wave") != {"S": wave}):
            return None
        return item["token"]["S"]

    def unexamined(self, name: str) -> str | None:
        """The token of the last `due`, where no comparison has answered it yet."""
        token, done = self.due_token(name), self._row("EXAMINATION", name, "DONE")
        answered = done is not None and done.get("token") == {"S": token}
        return None if answered else token

    def examined(self, name: str, health: Health, token: str | None) -> None:
        """Keep what the comparison of all images found."""
        row = {"pk": f"EXAMINATION#{name}", "sk": "DONE", "token": token}
        self.client.put_item(
            TableName=self.table, Item=to_item(row | {"health": strict.to_dict(health)})
        )

    def health(self, name: str) -> Health | None:
        """What the last comparison of all images found; None before the first."""
        item = self._row("EXAMINATION", name, "DONE")
        if item is None:
            return None
        found = from_row(item)["health"]
        # What was found before these were counted lacks their numbers; all were compared then.
        older = {"compared": found["labelled"] + found["unlabelled"]}
        older |= {"new_labels": 0, "trained_version": None}
        return strict.parse(Health, older | found, "health")

    def _book(self, name: str) -> Book:
        return rows.read_book(self.client, self.table, name)

    def _row(self, kind: str, name: str, sort_key: str) -> "Found | None":
        return dynamodb.read_item(self.client, self.table, rows.row_key(kind, name, sort_key))

    def _delete_rows(self, keys: Sequence[Found]) -> None:
        rows.each(
            self._delete_some,
            [keys[start : start + _DELETED] for start in range(0, len(keys), _DELETED)],
        )

    def _delete_some(self, keys: Sequence[Found]) -> None:
        left: Sequence[WriteRequestUnionTypeDef] = [{"DeleteRequest": {"Key": key}} for key in keys]
        for attempt in range(_ATTEMPTS):
            answer = self.client.batch_write_item(RequestItems={self.table: left})
            left = answer["UnprocessedItems"].get(self.table, [])
            if not left:
                return
            dynamodb.back_off(attempt, self.sleep)
        raise PlatformError("DynamoDB left rows undeleted each time; try again.")
