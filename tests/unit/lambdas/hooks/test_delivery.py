"""Webhooks: signed, each delivered at least once or a dead letter, within the stated bounds."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPMessage
from typing import Any

import pytest

from infra.samples.webhook_receiver import verified
from lambdas.hooks import handler
from lambdas.hooks.post import Answer, post
from lambdas.hooks.service import (
    LONGEST_REST_S,
    ROW,
    HooksService,
    Message,
    Secrets,
)
from tests.unit.lambdas.events.test_sending import CONTEXT
from tests.unit.lambdas.hooks.receiver import (
    BAD,
    FakeClock,
    FakeQueues,
    Receiver,
    failing,
    receiver,
)
from visionflow.events.hooks import LIFETIME_S, MOST_ATTEMPTS, SECRET_OVERLAP, Hook, HookFilter
from visionflow.events.signing import headers, new_secret
from visionflow.timestamps import timestamp

OLD, NEW = new_secret(), new_secret()
TIMEOUT_S = 0.5


class FakeStore:
    """The rows of hooks and outcomes."""

    def __init__(self, *hooks: Hook) -> None:
        self.hooks = {hook.name: hook for hook in hooks}
        self.successes: list[str] = []
        self.failures: list[tuple[str, int | None, str]] = []
        self.dead = 0

    def find(self, name: str) -> Hook | None:
        return self.hooks.get(name)

    def succeeded(self, name: str, event_id: str, now: datetime) -> None:
        self.successes.append(event_id)

    def failed(self, name: str, event_id: str, now: datetime, status: int | None, why: str) -> None:
        self.failures.append((event_id, status, why))

    def count_dead(self, name: str, more: int) -> None:
        self.dead += more


class FakeParameters:
    def get_parameter(self, *, Name: str, WithDecryption: bool) -> Any:  # noqa: N803
        assert WithDecryption
        secrets = {"/hooks/erp:1": OLD, "/hooks/erp:2": NEW, "/hooks/slow:1": OLD}
        return {"Parameter": {"Value": secrets[Name]}}


def hook(target: str, name: str = "erp", **changes: Any) -> Hook:
    made = Hook(name, "webhook", target, HookFilter(), "2030", "ann", secret_version=1)
    return replace(made, secret_at=timestamp(datetime.now(UTC)), **changes)


class World:
    def __init__(self, *hooks: Hook, post: Any = None) -> None:
        self.clock = FakeClock()
        self.queues = FakeQueues(self.clock)
        self.store = FakeStore(*hooks)
        self.attempts = 0
        own = partial(globals()["post"], allow_loopback=True, timeout_s=TIMEOUT_S)
        self.service = HooksService(
            self.store,  # type: ignore[arg-type]
            Secrets("/hooks", FakeParameters()),  # type: ignore[arg-type]
            self.queues,  # type: ignore[arg-type]
            "queue",
            "dead",
            post or own,
            clock=self.clock,
        )

    def send(
        self, *ids: str, name: str = "erp", kind: str = "model.moved", made: str | None = None
    ) -> None:
        for one in ids:
            detail = {"id": one, "kind": kind, "data": {}}
            body = json.dumps({"hook": name, "detail": detail, "made": made})
            self.queues.send_message(QueueUrl="queue", MessageBody=body)

    def run(self, rounds: int = 10_000) -> None:
        """Until the queue is empty."""
        for _ in range(rounds):
            bodies = self.queues.next()
            if not bodies:
                return
            self.round(bodies)

    def round(self, bodies: list[str]) -> list[str]:
        batch = [
            (str(number), Message.parse(body, self.clock.now)) for number, body in enumerate(bodies)
        ]
        failed = self.service.deliver(batch)
        for number in failed:
            self.queues.delayed.append((self.clock.now + 360, bodies[int(number)]))
        return failed


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def test_an_event_arrives_signed_so_that_the_example_verifies_it(there: Receiver) -> None:
    world = World(hook(there.url))
    world.send("evt-1")
    world.run()
    ((sent, body),) = there.taken
    assert json.loads(body)["id"] == sent["webhook-id"] == "evt-1"
    assert verified(sent, body, OLD, now=world.clock.now)
    assert not verified(sent, body + b" ", OLD, now=world.clock.now)
    assert not verified(sent, body, NEW, now=world.clock.now)
    assert not verified(sent, body, OLD, now=world.clock.now + 3600)
    assert not verified({**sent, "webhook-id": "evt-2"}, body, OLD, now=world.clock.now)
    # A proxy may write names in capitals, and strangers what they like.
    capitals = HTTPMessage()
    for name, value in sent.items():
        capitals[name.title()] = value
    assert verified(capitals, body, OLD, now=world.clock.now)
    for wrong in ("", "²", "-1", "9" * 5000):
        assert not verified({**sent, "webhook-timestamp": wrong}, body, OLD, now=1.0)
    assert sent["content-type"] == "application/json"
    assert world.store.successes == ["evt-1"]


def test_a_signature_is_that_of_the_specification() -> None:
    """Its own example, and a second implementation by hand would be the same code again."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(("age_s", "verifies"), [(3600, True), (48 * 3600, False)])
def test_for_a_day_both_secrets_sign(there: Receiver, age_s: int, verifies: bool) -> None:
    made = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age_s, UTC)
    world = World(replace(hook(there.url), secret_version=2, secret_at=timestamp(made)))
    world.send("evt-1")
    world.run()
    ((sent, body),) = there.taken
    assert verified(sent, body, NEW, now=world.clock.now)
    assert verified(sent, body, OLD, now=world.clock.now) is verifies
    assert SECRET_OVERLAP.total_seconds() == 24 * 3600


@pytest.mark.parametrize("kind", BAD)
def test_each_way_to_fail_is_tried_again_and_within_its_time(there: Receiver, kind: str) -> None:
    answers = iter([kind, "ok"])
    there.behaviour = lambda: next(answers)
    world = World(hook(there.url))
    world.send("evt-1")
    world.run()
    assert there.ids() == ["evt-1"]
    assert there.asked == 2, "a redirect that is followed asks once more"
    ((event_id, status, _),) = world.store.failures
    assert (event_id, status) == ("evt-1", {"500": 500, "redirect": 302}.get(kind))


def test_of_many_events_none_is_lost_at_a_receiver_that_fails_three_times_in_ten(
    there: Receiver,
) -> None:
    there.behaviour = failing(0.3)
    world = World(hook(there.url))
    ids = [f"evt-{number}" for number in range(300)]
    world.send(*ids)
    world.run()
    assert {*there.ids(), *(letter["detail"]["id"] for letter in world.queues.dead)} == set(ids)
    assert there.asked <= MOST_ATTEMPTS * len(ids)
    # 0.3 to the tenth: none of so few is given up.
    assert world.queues.dead == []


def test_after_the_last_attempt_an_event_is_a_dead_letter(there: Receiver) -> None:
    there.behaviour = lambda: "500"
    world = World(hook(there.url))
    began = world.clock.now
    world.send("evt-1")
    world.run()
    assert there.asked == MOST_ATTEMPTS
    (letter,) = world.queues.dead
    assert (letter["hook"], letter["detail"]["id"]) == ("erp", "evt-1")
    assert letter["attempts"] == MOST_ATTEMPTS
    assert "500" in letter["why"]
    assert world.store.dead == 1
    waited = world.clock.now - began
    assert 13 * 3600 < waited < 18 * 3600, "ten attempts take about 14 hours"


def test_a_receiver_that_is_gone_is_not_asked_again(there: Receiver) -> None:
    there.behaviour = lambda: "410"
    world = World(hook(there.url))
    world.send("evt-1")
    world.run()
    assert (there.asked, len(world.queues.dead)) == (1, 1)


def test_a_test_is_tried_once_and_is_never_a_dead_letter(there: Receiver) -> None:
    there.behaviour = lambda: "500"
    world = World(hook(there.url))
    world.send("evt-1", kind="hook.test")
    world.run()
    assert (there.asked, world.queues.dead) == (1, [])
    assert [failure[:2] for failure in world.store.failures] == [("evt-1", 500)]


def test_a_receiver_that_hangs_does_not_hold_up_another(there: Receiver) -> None:
    """Time-outs in a row make it rest: then one event in a while is tried, and no other waits."""
    slow = 0
    lock = threading.Lock()

    def timed(url: str, body: bytes, headers: Any) -> Answer:
        nonlocal slow
        if "slow" in url:
            with lock:
                slow += 1
            world.clock.now += 1.0  # ten at once take ten seconds
            return Answer(None, "No answer within 10 s.")
        return Answer(204, None)

    world = World(
        hook("https://slow.example.com", "slow"), hook("https://good.example.com"), post=timed
    )
    began = world.clock.now
    for number in range(200):
        world.send(f"bad-{number}", name="slow")
        world.send(f"good-{number}")
    good: set[str] = set()
    for _ in range(60):
        bodies = [body for _, body in world.queues.delayed[:10]]
        world.queues.delayed = world.queues.delayed[10:]
        if not bodies:
            break
        world.round(bodies)
        good |= {json.loads(body)["detail"]["id"] for body in bodies if "good" in body}
        if len(good) == 200:
            break
    assert len(good) == 200
    # Without a rest each of the 200 would have taken its time-out.
    assert slow <= 2 * ROW
    assert world.clock.now - began <= 2 * ROW


def test_what_waits_at_a_receiver_that_never_comes_back_is_given_up_in_a_day() -> None:
    asked: list[float] = []

    def down(url: str, body: bytes, headers: Any) -> Answer:
        asked.append(world.clock.now)
        return Answer(None, "No connection.")

    world = World(hook("https://down.example.com"), post=down)
    began = world.clock.now
    ids = {f"evt-{number}" for number in range(30)}
    world.send(*ids)
    world.run()
    assert {letter["detail"]["id"] for letter in world.queues.dead} == ids
    assert len(world.queues.dead) == 30
    assert world.clock.now - began < LIFETIME_S + 5 * 3600
    assert all(letter["attempts"] <= MOST_ATTEMPTS for letter in world.queues.dead)


def test_a_receiver_that_recovers_gets_all_that_waited(there: Receiver) -> None:
    there.behaviour = lambda: "500" if there.asked <= 40 else "ok"
    world = World(hook(there.url))
    ids = {f"evt-{number}" for number in range(60)}
    world.send(*ids)
    world.run()
    assert set(there.ids()) == ids
    assert world.queues.dead == []
    assert LONGEST_REST_S < 900


def test_events_of_a_hook_that_was_removed_are_dropped(there: Receiver) -> None:
    world = World()
    world.send("evt-1")
    world.run()
    assert (there.asked, world.queues.dead) == (0, [])


def test_events_of_a_hook_that_was_removed_do_not_reach_the_next_of_its_name(
    there: Receiver,
) -> None:
    world = World(hook(there.url))
    world.store.hooks["erp"] = replace(hook(there.url), created_at="2031")
    world.send("old", made="2030")
    world.send("new", made="2031")
    world.run()
    assert [headers["webhook-id"] for headers, _ in there.taken] == ["new"]
    assert world.queues.dead == []


@pytest.mark.parametrize("known", [None, "2030"])
def test_a_new_hook_hears_at_once_where_the_one_before_is_remembered(
    there: Receiver, known: str | None
) -> None:
    world = World(*([] if known is None else [hook(there.url)]))
    world.send("before", made="2029")
    world.run()
    world.store.hooks["erp"] = replace(hook(there.url), created_at="2031")
    world.send("new", made="2031")
    world.run()
    assert [headers["webhook-id"] for headers, _ in there.taken] == ["new"]


def test_nothing_is_sent_unsigned(there: Receiver) -> None:
    world = World(replace(hook(there.url), secret_version=None, secret_at=None))
    world.send("one")
    assert world.round(world.queues.next()) == ["0"]
    assert there.taken == []


def test_a_fault_of_the_platform_leaves_the_message_in_the_queue(there: Receiver) -> None:
    there.behaviour = lambda: "500"
    world = World(hook(there.url))
    world.send("evt-1")
    (body,) = world.queues.next()
    world.queues.broken = True
    assert world.round([body]) == ["0"]


def test_what_is_not_an_event_goes_to_the_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(handler, "service", lambda: world.service)
    records = [
        {"messageId": str(number), "body": body, "attributes": {"SentTimestamp": "1"}}
        for number, body in enumerate(["", "[]", "{}", '{"hook":"a","detail":3}'])
    ]
    assert handler.lambda_handler({"Records": records}, CONTEXT) == {"batchItemFailures": []}
    assert [letter["text"] for letter in world.queues.dead] == [r["body"] for r in records]


def test_a_slow_receiver_is_left_within_the_time(there: Receiver) -> None:
    for kind in ("hang", "drip"):
        there.behaviour = lambda kind=kind: kind
        answer = post(there.url, b"{}", {}, allow_loopback=True, timeout_s=0.2)
        assert answer == Answer(None, "No answer within 0.2 s.")
