"""Events reach the bus at least once, whatever EventBridge refuses, or are dead letters."""

import base64
import json
import random
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.events import handler
from lambdas.events.handler import Unsent, lambda_handler
from lambdas.events.service import (
    ENTRIES_PER_CALL,
    REFRESH_S,
    TRIES,
    EventsService,
    Letter,
    Sent,
)
from lambdas.events.settings import EventsSettings
from tests.unit.visionflow.events.test_changes import alarm, prediction
from visionflow.errors import PlatformError
from visionflow.events.alarms import alarm_event
from visionflow.events.shapes import MOST_ENTRY_BYTES

# What Lambda passes beside the event.
CONTEXT: Any = SimpleNamespace(
    function_name="events",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:r:1:function:events",
    aws_request_id="1",
)
SETTINGS = EventsSettings("bus", "predictions", "registry", "jobs", "datasets", "queue", 0)


class FakeBus:
    """Refuses what ``refuse`` names: a code for an entry, or an exception for a call."""

    def __init__(self, refuse: Any = lambda _detail: None) -> None:
        self.refuse = refuse
        self.taken: list[dict[str, Any]] = []
        self.calls = 0
        self.rules: Any = [{"Name": "everything"}]
        self.looks = 0

    def list_rules(self, *, EventBusName: str, Limit: int) -> Any:  # noqa: N803
        assert (EventBusName, Limit) == ("bus", 1)
        self.looks += 1
        if isinstance(self.rules, Exception):
            raise self.rules
        return {"Rules": self.rules}

    def put_events(self, *, Entries: Sequence[Any]) -> Any:  # noqa: N803  boto3's name
        self.calls += 1
        assert 1 <= len(Entries) <= ENTRIES_PER_CALL
        assert sum(len(entry["Detail"].encode()) for entry in Entries) <= MOST_ENTRY_BYTES
        answers = []
        for entry in Entries:
            detail = json.loads(entry["Detail"])
            code = self.refuse(detail)
            if isinstance(code, Exception):
                raise code
            if code is None:
                self.taken.append(entry)
                answers.append({"EventId": "x"})
            else:
                answers.append({"ErrorCode": code, "ErrorMessage": "no"})
        return {"FailedEntryCount": 0, "Entries": answers}

    def ids(self) -> list[str]:
        return [json.loads(entry["Detail"])["id"] for entry in self.taken]


class FakeQueue:
    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "queue"
        self.messages.append(json.loads(MessageBody))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> FakeQueue:
    found = FakeQueue()
    monkeypatch.setattr(handler, "settings", lambda: SETTINGS)
    monkeypatch.setattr(handler, "unsent", lambda: Unsent("queue", found))  # type: ignore[arg-type]
    return found


def use(monkeypatch: pytest.MonkeyPatch, bus: FakeBus, *, own: bool = False) -> None:
    service = EventsService("bus", bus, own_records=own, sleep=lambda _: None)
    monkeypatch.setattr(handler, "service", lambda: service)


def records(n: int, **changes: Any) -> list[dict[str, Any]]:
    """As Lambda hands them over: bytes are in base64."""
    found = []
    for index in range(n):
        image = prediction(id=f"id-{index}", **changes)
        image["sha256"] = {"B": base64.b64encode(image["sha256"]["B"]).decode()}
        found.append(
            {
                "eventName": "INSERT",
                "eventSourceARN": "arn:aws:dynamodb:r:1:table/predictions/stream/2030",
                "dynamodb": {"SequenceNumber": str(index), "NewImage": image},
            }
        )
    return found


def deliver(batch: list[dict[str, Any]]) -> list[str]:
    answer = lambda_handler({"Records": batch}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_events_go_out_in_tens(monkeypatch: pytest.MonkeyPatch, queue: FakeQueue) -> None:
    bus = FakeBus()
    use(monkeypatch, bus)
    assert deliver(records(25)) == []
    assert bus.calls == 3
    assert len(set(bus.ids())) == 25
    entry = bus.taken[0]
    assert (entry["EventBusName"], entry["Source"]) == ("bus", "visionflow")
    assert entry["DetailType"] == json.loads(entry["Detail"])["kind"] == "prediction.recorded"


def test_a_refused_entry_alone_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue
) -> None:
    seen: Counter[str] = Counter()

    def refuse(detail: Any) -> str | None:
        seen[detail["id"]] += 1
        throttled = detail["data"]["prediction_id"] == "id-3" and seen[detail["id"]] < TRIES
        return "ThrottlingException" if throttled else None

    bus = FakeBus(refuse)
    use(monkeypatch, bus)
    assert deliver(records(10)) == []
    assert len(bus.ids()) == 10
    assert sorted(seen.values()) == [*[1] * 9, TRIES]


def test_what_stays_refused_goes_back_to_the_stream(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue
) -> None:
    def refuse(detail: Any) -> str | None:
        return "InternalFailure" if detail["data"]["prediction_id"] in ("id-7", "id-4") else None

    bus = FakeBus(refuse)
    use(monkeypatch, bus)
    assert deliver(records(10)) == ["4"]
    assert len(bus.ids()) == 8
    first = set(bus.ids())
    bus.refuse = lambda _detail: None
    assert deliver(records(10)[4:]) == []
    assert set(bus.ids()) > first
    assert len(set(bus.ids())) == 10
    assert queue.messages == []


@pytest.mark.parametrize("fault", [ConnectionError("gone"), TimeoutError("late")])
def test_a_call_that_fails_leaves_its_events(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue, fault: Exception
) -> None:
    bus = FakeBus(lambda _detail: fault)
    use(monkeypatch, bus)
    assert deliver(records(12)) == ["0"]
    assert bus.calls == 2 * TRIES
    with pytest.raises(PlatformError):
        lambda_handler(alarm(), CONTEXT)


def test_what_can_never_be_sent_is_a_dead_letter_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue
) -> None:
    def refuse(detail: Any) -> str | None:
        return "MalformedDetail" if detail["data"]["prediction_id"] == "id-1" else None

    bus = FakeBus(refuse)
    use(monkeypatch, bus)
    batch = records(4)
    batch[2]["dynamodb"]["NewImage"]["filename"] = {"S": "x" * MOST_ENTRY_BYTES}
    batch[3]["dynamodb"]["NewImage"] = {"position": {"S": "x"}}
    assert deliver([*batch, *records(6)[4:]]) == []
    assert sorted(message["sequence_number"] for message in queue.messages) == ["1", "2", "3"]
    whys = {message["sequence_number"]: message["why"] for message in queue.messages}
    assert whys["1"].startswith("MalformedDetail")
    assert str(MOST_ENTRY_BYTES) in whys["2"]
    assert "a row of predictions" in whys["3"]
    assert len(bus.ids()) == 3


def test_large_events_share_no_call_that_would_be_too_large(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue
) -> None:
    bus = FakeBus()
    use(monkeypatch, bus)
    assert deliver(records(5, filename="x" * (MOST_ENTRY_BYTES // 3))) == []
    assert (bus.calls, len(bus.ids())) == (3, 5)


@pytest.mark.parametrize(("own", "owner"), [(False, "user:1"), (True, None)])
def test_an_owner_is_told_only_where_everybody_sees_all_records(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue, own: bool, owner: str | None
) -> None:
    bus = FakeBus()
    use(monkeypatch, bus, own=own)
    batch = records(1)
    batch[0]["dynamodb"]["NewImage"]["owner_shard"] = {"S": "user:1#0"}
    deliver(batch)
    assert json.loads(bus.taken[0]["Detail"])["data"]["owner"] == owner


def test_an_alarm_of_cloudwatch_is_sent(monkeypatch: pytest.MonkeyPatch, queue: FakeQueue) -> None:
    bus = FakeBus()
    use(monkeypatch, bus)
    lambda_handler(alarm(), CONTEXT)
    assert bus.taken[0]["DetailType"] == "alarm.changed"


def test_nothing_is_lost_whatever_fails_at_random(
    monkeypatch: pytest.MonkeyPatch, queue: FakeQueue
) -> None:
    """As Lambda does: the stream goes on from the number that was named, until all is taken."""
    draw = random.Random(3)

    def refuse(_detail: Any) -> Any:
        lot = draw.random()
        if lot < 0.02:
            return ConnectionError("gone")
        return "ThrottlingException" if lot < 0.4 else None

    bus = FakeBus(refuse)
    use(monkeypatch, bus)
    batch, position = records(300), 0
    for _ in range(1000):
        failed = deliver(batch[position : position + 100])
        position = int(failed[0]) if failed else position + 100
        if position >= len(batch):
            break
    names = {json.loads(entry["Detail"])["data"]["prediction_id"] for entry in bus.taken}
    assert len(names) == len(set(bus.ids())) == 300


def test_nothing_is_sent_and_billed_while_the_bus_has_no_rule() -> None:
    bus, now = FakeBus(), [0.0]
    service = EventsService(
        "bus", bus, own_records=False, sleep=lambda _: None, clock=lambda: now[0]
    )
    letters = [Letter("1", alarm_event(alarm()))]
    bus.rules = []
    for _ in range(3):
        assert service.send(letters) == Sent((), ())
    assert bus.taken == []
    # A rule is noticed at once, and what cannot be known is taken for one.
    for rules in ([{"Name": "mine"}], ConnectionError("gone")):
        bus.rules, bus.taken, bus.looks = rules, [], 0
        for _ in range(3):
            service.send(letters)
        assert (len(bus.taken), bus.looks) == (3, 1)
        now[0] += REFRESH_S
