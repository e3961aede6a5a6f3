"""What has expired is not read any more, though DynamoDB deletes it days later."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lambdas
import visionflow
from lambdas.api.resources import resources
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.dataset_loop import NAME, NOW, WINDOW, Loop, loop_in_process
from tests.integration.test_api import fill, record
from tests.integration.test_feedback import say
from visionflow.access.caller import LOCAL
from visionflow.access.keys import KeyStore
from visionflow.dynamodb import EXPIRY
from visionflow.errors import KeyNotFoundError
from visionflow.insights.shadows import ShadowAnswer
from visionflow.models.ref import ModelRef
from visionflow.predictions.attempts import AttemptStore
from visionflow.predictions.new_labels import NewLabels
from visionflow.predictions.reviews import ReviewStore
from visionflow.predictions.store import LogQuery, PredictionStore

RED = encode(plain("red"))
# Of images that no dataset has yet.
COLOURS = ("yellow", "cyan", "magenta", "white")
SHADOW = ModelRef("tiny", "2")


@dataclass
class World:
    """One record with feedback and one without, and everything that is kept with them."""

    cloud: Cloud
    loop: Loop
    given: str
    open: str
    fresh: list[str]
    key: str

    @property
    def store(self) -> PredictionStore:
        return PredictionStore("predictions", self.cloud.dynamodb)

    @property
    def reviews(self) -> ReviewStore:
        return ReviewStore("predictions", "insights", self.cloud.dynamodb)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.cloud.call("GET", path, query)
        return answer.body.get("items", True) if answer.status == 200 else None

    def logs(self, **query: Any) -> Any:
        return self.get("/logs", **WINDOW, **query)

    def expire(self) -> None:
        """As if the time of every row had come a minute ago."""
        for table in ("predictions", "insights", "usage", "keys"):
            for row in self.cloud.dynamodb.scan(TableName=table)["Items"]:
                for name in EXPIRY:
                    if "N" in row.get(name, {}):
                        row[name] = {"N": str(int(time.time()) - 60)}
                self.cloud.dynamodb.put_item(TableName=table, Item=row)


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with loop_in_process(cloud, monkeypatch) as loop:
        given = loop.answered(RED, 1)
        opened = loop.uncertain(encode(plain("green")), 2)
        fresh = [loop.uncertain(encode(plain(c)), 4 + i) for i, c in enumerate(COLOURS)]
        fill(cloud, [replace(record(3, None), owner="user:ann")])
        assert say(cloud, given, {"label": "red"}).status == 200
        found = loop.predictions.get(given)
        assert found is not None
        answer = ShadowAnswer(
            *(given, SHADOW, "ok", "red", 0.9, 1.0, found.created_at, None, None, (), "red")
        )
        assert resources().shadows.add(found, answer, None)
        AttemptStore("predictions", cloud.dynamodb).begin("message", datetime.now(UTC))
        NewLabels("insights", cloud.dynamodb).admit("purple", int(time.time()) + 60)
        key, _ = KeyStore("keys", cloud.dynamodb).add(
            name="camera",
            scopes=("read",),
            requests_per_minute=None,
            requests_per_month=None,
            by="ann",
            now=NOW,
            expires_at=NOW + timedelta(days=1),
        )
        yield World(cloud, loop, given, opened, fresh, key)


def revoked(world: World) -> Any:
    try:
        return KeyStore("keys", world.cloud.dynamodb).revoke(world.key.split("_")[1], NOW)
    except KeyNotFoundError:
        return None


def flows(world: World) -> bool:
    """Whether a rule takes a record into a dataset."""
    world.loop.rule("uncertain")
    before = len(world.loop.images())
    world.loop.flowing().take(NAME, world.fresh.pop(), NOW)
    return len(world.loop.images()) > before


def copied(world: World) -> bool:
    """Whether a record is copied into a dataset by hand."""
    before = len(world.loop.images())
    world.loop.send("POST", f"/{NAME}/predictions", {"ids": [world.fresh.pop()]})
    return len(world.loop.images()) > before


def used(world: World) -> bool:
    return any(quota.used for quota in resources().usage.left(LOCAL))


# Each answers something while the rows live, and nothing when they have expired.
READS: dict[str, Callable[[World], Any]] = {
    "quotas used": used,  # before a request counts anew
    "record": lambda w: w.get(f"/predictions/{w.given}"),
    "history of feedback": lambda w: w.get(f"/predictions/{w.given}/feedback"),
    "lines of the history": lambda w: w.reviews.history(w.given),
    "explanation": lambda w: w.get(f"/predictions/{w.given}/explanation"),
    "by time": lambda w: w.logs(),
    "by label": lambda w: w.logs(label="red"),
    "by model": lambda w: w.logs(model="tiny/1"),
    "by status": lambda w: w.logs(status="failed"),
    "by feedback": lambda w: w.logs(feedback="right"),
    "by owner": lambda w: w.store.page(LogQuery(owner="user:ann"), 10).items,
    "uncertain": lambda w: w.get("/uncertain"),
    "with feedback": lambda w: list(w.reviews.given()),
    "without feedback": lambda w: w.reviews.without_feedback([w.open]),
    "feedback given": lambda w: say(w.cloud, w.open, {"label": "red"}).status == 200,
    "holder of an id": lambda w: w.store.holder(w.given),
    "shadow's answers": lambda w: resources().shadows.of([w.given], [SHADOW]),
    "mark of a message": lambda w: AttemptStore("predictions", w.cloud.dynamodb).unended("message"),
    "API keys": lambda w: w.get("/keys"),
    "revoked API key": revoked,
    "a dataset's rule": flows,
    "a dataset's copies": copied,
}


def test_no_read_serves_what_has_expired(world: World) -> None:
    nothing = {name for name, read in READS.items() if not read(world)}
    assert nothing == set(), "nothing was to be read"
    world.expire()
    served = {name for name, read in READS.items() if read(world)}
    assert served == set()


def test_an_expired_record_can_still_be_erased(world: World) -> None:
    world.expire()
    erasure = resources().erasure
    assert erasure.erase(world.given, NOW) is not None
    assert erasure.erase_owner("user:ann", 10, NOW) == (1, False)
    rows = world.cloud.dynamodb.scan(TableName="insights")["Items"]
    assert not [
        row
        for row in rows
        if row["pk"]["S"].endswith(f"#{world.given}") and not row["pk"]["S"].startswith("COUNTED")
    ]


def test_an_id_is_free_when_its_record_has_expired(world: World) -> None:
    """Its successor is one record more, for the counters too."""
    cloud, headers = world.cloud, {"idempotency-key": "again"}
    ask = ("POST", "/predict", None, RED, "application/octet-stream")
    first = cloud.call(*ask, headers=headers)
    assert cloud.call(*ask, headers=headers).body == first.body
    cloud.count(cloud.stream())
    counted = len(cloud.stream())
    world.expire()
    written = len(cloud.stream())
    second = cloud.call(*ask, headers=headers)
    assert (second.status, second.body["id"]) == (200, first.body["id"])
    assert second.body["created_at"] > first.body["created_at"]
    assert counted < written
    # The markers of what was counted are gone too by then.
    for row in cloud.dynamodb.scan(TableName="insights")["Items"]:
        if row["pk"]["S"].startswith("COUNTED#"):
            cloud.dynamodb.delete_item(
                TableName="insights", Key={name: row[name] for name in ("pk", "sk")}
            )
    before = images_counted(cloud)
    assert cloud.count(cloud.stream()[written:]) == []
    assert images_counted(cloud) == before + 1


def images_counted(cloud: Cloud) -> int:
    rows = cloud.dynamodb.scan(TableName="insights")["Items"]
    return sum(int(row.get("status.ok", {"N": "0"})["N"]) for row in rows)


def test_a_page_looks_at_a_bounded_number_of_expired_rows(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none is lost behind them, where records were kept longer once."""
    monkeypatch.setattr("visionflow.predictions.store.MAX_ROWS_READ", 5)
    over = [replace(record(index), expires_at=1) for index in range(10, 33)]
    ids = fill(cloud, [*(record(index) for index in range(3)), *over])[-3:]
    found: list[str] = []
    cursor: dict[str, Any] | None = {}
    pages = 0
    while cursor is not None:
        body = cloud.call("GET", "/logs", {**WINDOW, "limit": 2, **cursor}).body
        found += [item["id"] for item in body["items"]]
        cursor = body["next_cursor"] and {"cursor": body["next_cursor"]}
        pages += 1
    assert found == ids
    assert pages >= len(over) // 10


# Of tables whose rows never expire.
_LASTING = {"jobs/store.py", "datasets/images/store.py", "backfills/store.py"}


def test_rows_are_read_in_one_place() -> None:
    """So that the rule about expired rows holds for every table that gets one."""
    call = r"client\.(get_item|batch_get_item|query|scan|transact_get_items)\("
    reads = re.compile(rf"{call}|get_paginator\(.(query|scan)")
    found = {
        path.relative_to(folder).as_posix()
        for folder in (Path(visionflow.__file__).parent, Path(lambdas.__file__).parent)
        for path in folder.rglob("*.py")
        if reads.search(path.read_text())
    }
    assert found - {"dynamodb.py"} == _LASTING
