"""Hooks: make, list, try, remove, and deliver again what was given up."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from lambdas import clients
from lambdas.api.hooks.bodies import (
    HookPage,
    HookReplay,
    HookRequest,
    HookSecret,
    HookState,
    HookTry,
    NewHook,
)
from lambdas.api.hooks.listening import Listening
from lambdas.api.resources import Resources
from lambdas.api.settings import HookSettings
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.errors import HookConflictError, PlatformError
from visionflow.events.delivery import Delivery
from visionflow.events.hook_store import HookStore, Outcome
from visionflow.events.hooks import (
    SECRET_OVERLAP,
    TEST,
    Hook,
    check_name,
    check_queue,
    kind_of,
    pattern,
)
from visionflow.events.shapes import SOURCE, HookTest, event
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The API waits for 29 s.
REPLAY_S: Final = 15.0
# Others' dead letters, which a replay looks at, come back so soon.
PEEK_S: Final = 30
_COUNTS: Final = tuple(
    f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")
)


@dataclass(frozen=True)
class HookService:
    """Hooks without HTTP."""

    store: HookStore
    listening: Listening
    settings: HookSettings
    sqs: "SQSClient"
    delivery: Delivery
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def build(cls, resources: Resources) -> Self:
        settings = HookSettings.from_env(os.environ)
        listening = Listening(settings, clients.event_bus(), clients.ssm(), clients.sns())
        store = HookStore(settings.hooks_table, resources.dynamodb)
        delivery = Delivery(store, clients.functions(), settings.hook_mapping)
        return cls(store, listening, settings, clients.sqs(), delivery)

    def list(self) -> HookPage:
        outcomes = self.store.outcomes()
        waiting = self._messages(self.settings.hook_queue)
        dead = self._messages(self.settings.hook_dead_letters)
        items = []
        for hook in self.store.list():
            outcome = outcomes.get(hook.name, Outcome())
            # They are kept for 14 days; the count does not see them go.
            items.append(_state(hook, replace(outcome, dead=min(outcome.dead, dead))))
        return HookPage(tuple(items), waiting, dead, self.settings.event_bus)

    def create(self, wanted: HookRequest, caller: Caller, now: datetime) -> NewHook:
        """Raises `InvalidParameterError`, and `HookConflictError` for a name that is taken."""
        check_name(wanted.name)
        kind = kind_of(wanted.target, allow_loopback=bool(self.settings.allow_loopback))
        if kind == "sqs":
            check_queue(wanted.target, self.settings.hook_queue_arn)
        wanted.wants.check()
        pattern(wanted.name, wanted.wants)
        hook = Hook(wanted.name, kind, wanted.target, wanted.wants, timestamp(now), caller.name)
        # First of all, so that of two who take one name at once the second one changes nothing.
        self.store.add(hook)
        secret = None
        try:
            if kind == "webhook":
                secret, version = self.listening.new_secret(hook.name)
                hook = replace(hook, secret_version=version, secret_at=timestamp(now))
            elif kind == "email":
                subscription = self.listening.subscribe(hook)
                hook = replace(hook, subscription=subscription)
            self.store.put(hook)
            self.listening.listen(hook)
            self.delivery.switch()
        except Exception:
            self.remove(hook.name)
            raise
        return strict.extended(NewHook, _state(hook, Outcome()), secret=secret)

    def remove(self, name: str) -> HookState:
        """Raises `HookNotFoundError`. What waits for it is dropped; its dead letters are kept for
        their 14 days."""
        hook = self.store.get(name)
        self.listening.stop(name)
        if hook.kind == "webhook":
            self.listening.forget_secret(name)
        elif hook.subscription is not None:
            self.listening.unsubscribe(hook.subscription)
        self.delivery.switch(without=name)
        # Last of all: until then the removal can be asked for again.
        self.store.remove(name)
        return _state(hook, Outcome())

    def replace_secret(self, name: str, now: datetime) -> HookSecret:
        """Raises `HookNotFoundError`, and `HookConflictError` for one that is not a webhook."""
        hook = self._webhook(name)
        secret, version = self.listening.new_secret(name)
        self.store.put(replace(hook, secret_version=version, secret_at=timestamp(now)))
        return HookSecret(secret, timestamp(now + SECRET_OVERLAP))

    def test(self, name: str, now: datetime) -> HookTry:
        """Raises `HookNotFoundError`."""
        hook = self.store.get(name)
        self.delivery.switch()
        at = timestamp(now)
        found = event(TEST, at, HookTest(hook.name), hook.name, at)
        entry = {
            "EventBusName": self.settings.event_bus,
            "Source": SOURCE,
            "DetailType": found.kind,
            "Time": now,
            "Detail": found.to_json(),
        }
        answer = self.listening.events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise PlatformError("EventBridge did not take the event; try again.")
        return HookTry(found.id)

    def replay(self, name: str) -> HookReplay:
        """Raises `HookNotFoundError`, and `HookConflictError` for one that is not a webhook."""
        self._webhook(name)
        queue, until, replayed = self.settings.hook_dead_letters, self.clock() + REPLAY_S, 0
        seen: set[str] = set()
        others: list[str] = []
        more = True
        while self.clock() < until:
            found = self.sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=PEEK_S, WaitTimeSeconds=1
            ).get("Messages", [])
            if not found or all(message["MessageId"] in seen for message in found):
                more = False
                break
            for message in found:
                seen.add(message["MessageId"])
                body = _dead_letter(message["Body"], name)
                if body is None:
                    others.append(message["ReceiptHandle"])
                    continue
                # Sent before it is deleted: what is cut off in between is delivered twice.
                self.sqs.send_message(QueueUrl=self.settings.hook_queue, MessageBody=body)
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                replayed += 1
        for handle in others:
            self.sqs.change_message_visibility(
                QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0
            )
        if replayed:
            self.store.count_dead(name, -replayed)
        return HookReplay(replayed, more)

    def _webhook(self, name: str) -> Hook:
        hook = self.store.get(name)
        if hook.kind != "webhook":
            raise HookConflictError(f"{name} is not a webhook, so nothing of it is kept here.")
        return hook

    def _messages(self, queue: str) -> int:
        answer: Any = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)


def _state(hook: Hook, outcome: Outcome) -> HookState:
    return HookState(
        name=hook.name,
        kind=hook.kind,
        target=hook.target,
        wants=hook.wants,
        created_at=hook.created_at,
        created_by=hook.created_by,
        secret_at=hook.secret_at,
        outcome=outcome if hook.kind == "webhook" else None,
    )


def _dead_letter(text: str, name: str) -> str | None:
    """The message that delivers a dead letter of ``name`` as a new one; None for all others."""
    try:
        found = json.loads(text)
        detail = found["detail"] if found["hook"] == name else None
    except (ValueError, LookupError, TypeError):
        return None
    return None if detail is None else json.dumps({"hook": name, "detail": detail})
