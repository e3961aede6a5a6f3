"""Events through the real functions: into a bus of moto that refuses some entries, and from there
to a webhook on loopback that fails three times in ten."""

import json
import os
import random
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from typing import Any

import boto3
from moto import mock_aws

from lambdas.events.service import EventsService, Letter
from lambdas.hooks.post import post
from lambdas.hooks.service import HooksService, Message, Secrets
from tests.benchmarks.figures import Figure, Target, figure
from tests.unit.lambdas.hooks.receiver import FakeClock, FakeQueues, failing, receiver
from tests.unit.lambdas.hooks.test_delivery import FakeParameters, FakeStore, hook
from tests.unit.visionflow.events.test_changes import prediction
from visionflow.costs.events import event_costs
from visionflow.events.changes import Change, event_of
from visionflow.events.hooks import MOST_ATTEMPTS, HookFilter, pattern

EVENTS = 1_000
BATCH = 50
RATE = 1_000
REFUSED = 0.05
FAILING = 0.3
_MOST_USD = 1.2


class Refusing:
    """EventBridge's client, which refuses a share of the entries for a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._draw = random.Random(1)
        self.list_rules = client.list_rules

    def put_events(self, *, Entries: Any) -> Any:  # noqa: N803  boto3's name
        kept = [self._draw.random() >= REFUSED for _ in Entries]
        some = [entry for entry, keep in zip(Entries, kept, strict=True) if keep]
        answers = iter(self._client.put_events(Entries=some)["Entries"] if some else ())
        refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "no"}
        return {"Entries": [next(answers) if keep else refused for keep in kept]}


def _through_the_bus() -> tuple[Counter[str], float, float]:
    """How often each event came out of the bus, and the wall and processor seconds of all."""
    with mock_aws():
        events: Any = boto3.client("events")
        sqs = boto3.client("sqs")
        events.create_event_bus(Name="bus")
        url = sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        rule = {"Name": "erp", "EventBusName": "bus"}
        events.put_rule(**rule, EventPattern=pattern("erp", HookFilter()))
        target = {"Id": "target", "Arn": arn["Attributes"]["QueueArn"]}
        events.put_targets(Rule="erp", EventBusName="bus", Targets=[target])
        service = EventsService("bus", Refusing(events), own_records=False)
        rows = [Change("predictions", None, prediction(id=f"id-{n}")) for n in range(EVENTS)]
        wall, own = time.perf_counter(), time.process_time()
        for start in range(0, EVENTS, BATCH):
            letters = [
                Letter(str(n), told)
                for n, row in enumerate(rows[start : start + BATCH])
                if (told := event_of(row)) is not None
            ]
            while letters:  # as the stream goes on from what was left
                letters = list(service.send(letters).left)
        seconds, processor = time.perf_counter() - wall, time.process_time() - own
        heard: Counter[str] = Counter()
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                heard[json.loads(message["Body"])["detail"]["id"]] += 1
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return heard, seconds, processor


def _to_a_webhook(ids: list[str]) -> tuple[Counter[str], int, int, float, float]:
    """How often each event was taken, the attempts of the one with most, dead letters, and the wall
    and processor seconds of all attempts, the receiver's among them."""
    clock = FakeClock()
    queues = FakeQueues(clock)
    attempts: Counter[str] = Counter()
    own_post = partial(post, allow_loopback=True, timeout_s=5.0)

    def counted(url: str, body: bytes, headers: Any) -> Any:
        attempts[headers["webhook-id"]] += 1
        return own_post(url, body, headers)

    with receiver() as there:
        there.behaviour = failing(FAILING)
        service = HooksService(
            FakeStore(hook(there.url)),  # type: ignore[arg-type]
            Secrets("/hooks", FakeParameters()),  # type: ignore[arg-type]
            queues,  # type: ignore[arg-type]
            "queue",
            "dead",
            counted,
            clock=clock,
        )
        for one in ids:
            detail = {"id": one, "kind": "prediction.recorded", "data": {}}
            body = json.dumps({"hook": "erp", "detail": detail})
            queues.send_message(QueueUrl="queue", MessageBody=body)
        wall, own = time.perf_counter(), time.process_time()
        while bodies := queues.next():
            batch = [(str(n), Message.parse(text, clock.now)) for n, text in enumerate(bodies)]
            for number in service.deliver(batch):
                queues.delayed.append((clock.now + 360, bodies[int(number)]))
        seconds, processor = time.perf_counter() - wall, time.process_time() - own
        taken = Counter(there.ids())
    return taken, max(attempts.values()), len(queues.dead), seconds, processor


def report() -> tuple[Figure, ...]:
    """Takes half a minute."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with open(os.devnull, "w") as silence, redirect_stdout(silence), redirect_stderr(silence):  # noqa: PTH123
        heard, seconds, processor = _through_the_bus()
        taken, most, dead, hook_seconds, hook_processor = _to_a_webhook(list(heard))
    n = f"{EVENTS:,} events"
    none = Target("at most", 0)
    bus = f"events into a bus of moto that refuses {REFUSED:.0%} of the entries"
    web = f"webhook on loopback that fails {FAILING:.0%} of the time"
    costs = event_costs()
    return (
        figure("robustness", f"{bus}: lost", EVENTS - len(heard), "", n=n, target=none),
        figure(
            "robustness",
            f"{bus}: a second",
            EVENTS / seconds,
            "",
            n=n,
            note=f"{RATE:,} a second wanted of a whole service; nearly all of it is moto's",
        ),
        figure("robustness", f"{bus}: processor ms each", 1000 * processor / EVENTS, "ms", n=n),
        figure("robustness", f"{web}: lost", EVENTS - len(taken) - dead, "", n=n, target=none),
        figure(
            "robustness",
            f"{web}: attempts of the event with most",
            most,
            "",
            n=n,
            target=Target("at most", MOST_ATTEMPTS),
        ),
        figure(
            "robustness",
            f"{web}: events that came under an id of no event",
            len(set(taken) - set(heard)),
            "",
            n=n,
            target=none,
        ),
        figure("robustness", f"{web}: a second", EVENTS / hook_seconds, "", n=n),
        figure(
            "robustness",
            f"{web}: processor ms each, receiver included",
            1000 * hook_processor / EVENTS,
            "ms",
            n=n,
        ),
        figure(
            "costs",
            "a million events on the bus, USD",
            costs.bus_total,
            "",
            target=Target("at most", _MOST_USD),
        ),
        figure("costs", "each webhook adds to a million events, USD", costs.webhook_total, ""),
    )
