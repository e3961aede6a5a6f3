"""Deliver events to webhooks: once each if all goes well, again if not, and not for ever.

A failed event goes back into the queue as a new message that comes later, so that a receiver that
is down fills nothing but the queue. A receiver that fails many times in a row rests: what is for it
passes without a try but for one, and the others' events are not held up behind its time-outs.
"""

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from lambdas.hooks.post import Answer
from lambdas.telemetry.log import logger
from visionflow.events.hook_store import HookStore
from visionflow.events.hooks import (
    FIRST_WAIT_S,
    LIFETIME_S,
    LONGEST_WAIT_S,
    MOST_ATTEMPTS,
    SECRET_OVERLAP,
    TEST,
    Hook,
)
from visionflow.events.signing import headers
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# A batch of the queue, all at once.
THREADS: Final = 10
# The longest that SQS delays a message; a longer wait takes several.
LONGEST_DELAY_S: Final = 900
# A hook that was removed, or whose secret was replaced, is noticed so soon.
REFRESH_S: Final = 5.0
# Failures in a row before a receiver rests. One that fails three times in ten at random does that
# once in 170,000 events.
ROW: Final = 10
FIRST_REST_S: Final = 10.0
LONGEST_REST_S: Final = 300.0
# An outcome is for people: one of many is noted.
NOTE_EVERY_S: Final = 5.0
GONE: Final = 410

_random = random.SystemRandom()


class Post(Protocol):
    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True)
class Message:
    """An event for a hook, which was ``made`` then; null for whatever hook has the name.
    ``attempts`` were made; ``since`` is when the first was due, and ``not_before`` when the next
    one is, both in seconds since 1970."""

    hook: str
    detail: dict[str, Any]
    made: str | None = None
    attempts: int = 0
    since: float | None = None
    not_before: float = 0.0

    @classmethod
    def parse(cls, text: str, sent_at: float) -> "Message":
        """Raises `ValueError` for what neither a rule nor this class has written."""
        try:
            found = json.loads(text)
            since, made = found.get("since"), found.get("made")
            return cls(
                hook=str(found["hook"]),
                detail=dict(found["detail"]),
                made=None if made is None else str(made),
                attempts=int(found.get("attempts", 0)),
                since=sent_at if since is None else float(since),
                not_before=float(found.get("not_before", 0)),
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"It is not an event for a hook: {error!r:.200}") from error

    def to_json(self, **more: Any) -> str:
        return json.dumps({**vars(self), **more}, separators=(",", ":"), ensure_ascii=False)

    @property
    def id(self) -> str:
        return str(self.detail.get("id"))

    @property
    def is_test(self) -> bool:
        return self.detail.get("kind") == TEST


@dataclass(frozen=True)
class Secrets:
    """Of webhooks, in parameters that keep the versions from before."""

    start: str
    client: "SSMClient"
    _known: dict[tuple[str, int, str], str] = field(default_factory=dict)

    def of(self, hook: Hook, now: datetime) -> list[str]:
        """What to sign with, the latest first. Raises `LookupError`."""
        if hook.secret_version is None or hook.secret_at is None:
            # It is being made; nothing is ever sent without a signature.
            raise LookupError(f"{hook.name} has no secret yet")
        versions = [hook.secret_version]
        if hook.secret_version > 1 and timestamp(now - SECRET_OVERLAP) < hook.secret_at:
            versions.append(hook.secret_version - 1)
        return [self._read(hook, version) for version in versions]

    def _read(self, hook: Hook, version: int) -> str:
        # A hook that was removed and made anew counts from 1 again.
        key = (hook.name, version, hook.created_at)
        if key not in self._known:
            answer = self.client.get_parameter(
                Name=f"{self.start}/{hook.name}:{version}", WithDecryption=True
            )
            self._known[key] = answer["Parameter"]["Value"]
        return self._known[key]


@dataclass
class _Receiver:
    """What this process knows of a receiver."""

    failures: int = 0
    rest_until: float = 0.0
    rest_s: float = 0.0
    noted_at: dict[bool, float] = field(default_factory=dict)
    hook: Hook | None = None
    read_at: float = float("-inf")


class HooksService:
    """Deliveries without the shape of SQS's events."""

    def __init__(
        self,
        store: HookStore,
        secrets: Secrets,
        sqs: "SQSClient",
        queue: str,
        dead_letters: str,
        post: Post,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._sqs = sqs
        self._queue = queue
        self._dead_letters = dead_letters
        self._post = post
        self._clock = clock
        self._receivers: dict[str, _Receiver] = {}
        self._lock = Lock()

    def deliver(self, messages: Sequence[tuple[str, Message]]) -> list[str]:
        """The numbers of messages about which nothing could be decided: a fault of the platform."""
        if not messages:
            return []
        with ThreadPoolExecutor(min(THREADS, len(messages))) as pool:
            done = pool.map(self._settle, messages)
            return [number for (number, _), ok in zip(messages, done, strict=True) if not ok]

    def bury(self, text: str, why: str) -> None:
        """Put what can never be delivered to the dead letters."""
        body = json.dumps({"text": text[:100_000], "why": why})
        self._sqs.send_message(QueueUrl=self._dead_letters, MessageBody=body)

    def _settle(self, numbered: tuple[str, Message]) -> bool:
        number, message = numbered
        try:
            self._decide(message)
        except Exception:
            logger.exception("back to the queue", extra={"message_id": number})
            return False
        return True

    def _decide(self, message: Message) -> None:
        receiver = self._receiver(message.hook)
        if not _is_for(message, receiver.hook):
            # What is known may be older than the hook.
            receiver = self._receiver(message.hook, anew=True)
        hook, now = receiver.hook, self._clock()
        if hook is None or not _is_for(message, hook):
            return  # removed meanwhile: nobody waits for it
        wait = message.not_before - now
        if not message.is_test and wait <= 0:
            wait = self._rest(receiver, now)
            if wait > 0:
                # Each time that it passes is billed, so it stays away as long as it has waited.
                wait = max(wait, min(now - (message.since or now), LONGEST_WAIT_S))
        if wait > 0 and not message.is_test:
            if now - (message.since or now) > LIFETIME_S:
                self._give_up(message, "It waited for a day while the receiver failed.")
            else:
                self._send_later(message, now + wait)
            return
        answer = self._try(hook, message)
        self._learn(receiver, answer)
        self._note(receiver, hook, message, answer)
        if answer.ok or message.is_test:
            return
        tried = replace(message, attempts=message.attempts + 1)
        if tried.attempts >= MOST_ATTEMPTS or answer.status == GONE:
            self._give_up(tried, str(answer.why))
        else:
            wait = _wait_after(tried.attempts) * _random.uniform(1.0, 1.2)
            self._send_later(tried, self._clock() + wait)

    def _try(self, hook: Hook, message: Message) -> Answer:
        now = self._clock()
        body = json.dumps(message.detail, separators=(",", ":"), ensure_ascii=False).encode()
        keys = self._secrets.of(hook, datetime.fromtimestamp(now, UTC))
        return self._post(hook.target, body, headers(keys, message.id, int(now), body))

    def _receiver(self, name: str, *, anew: bool = False) -> _Receiver:
        with self._lock:
            found = self._receivers.setdefault(name, _Receiver())
            stale = anew or self._clock() - found.read_at >= REFRESH_S
        if stale:
            hook = self._store.find(name)
            with self._lock:
                found.hook, found.read_at = hook, self._clock()
        return found

    def _rest(self, receiver: _Receiver, now: float) -> float:
        """For how long the receiver rests still. Of those that come after its rest, one is tried,
        and the others wait for what becomes of it."""
        with self._lock:
            if receiver.failures < ROW:
                return 0.0
            if now < receiver.rest_until:
                return receiver.rest_until - now
            receiver.rest_until = now + receiver.rest_s
            return 0.0

    def _learn(self, receiver: _Receiver, answer: Answer) -> None:
        with self._lock:
            if answer.ok:
                receiver.failures, receiver.rest_until, receiver.rest_s = 0, 0.0, 0.0
                return
            receiver.failures += 1
            if receiver.failures >= ROW:
                receiver.rest_s = min(max(2 * receiver.rest_s, FIRST_REST_S), LONGEST_REST_S)
                receiver.rest_until = self._clock() + receiver.rest_s

    def _note(self, receiver: _Receiver, hook: Hook, message: Message, answer: Answer) -> None:
        now = self._clock()
        with self._lock:
            last = receiver.noted_at.get(answer.ok, float("-inf"))
            if not message.is_test and now - last < NOTE_EVERY_S:
                return
            receiver.noted_at[answer.ok] = now
        moment = datetime.fromtimestamp(now, UTC)
        if answer.ok:
            self._store.succeeded(hook.name, message.id, moment)
        else:
            why = str(answer.why)
            extra = {"hook": hook.name, "event": message.id, "status": answer.status, "why": why}
            logger.warning("not delivered", extra=extra)
            self._store.failed(hook.name, message.id, moment, answer.status, why)

    def _send_later(self, message: Message, at: float) -> None:
        wait = math.ceil(max(0.0, at - self._clock()))
        self._sqs.send_message(
            QueueUrl=self._queue,
            MessageBody=replace(message, not_before=at).to_json(),
            DelaySeconds=min(wait, LONGEST_DELAY_S),
        )

    def _give_up(self, message: Message, why: str) -> None:
        logger.error("given up", extra={"hook": message.hook, "event": message.id, "why": why})
        self._sqs.send_message(
            QueueUrl=self._dead_letters,
            MessageBody=replace(message, not_before=0.0).to_json(why=why),
        )
        self._store.count_dead(message.hook, 1)


def _is_for(message: Message, hook: Hook | None) -> bool:
    return hook is not None and message.made in (None, hook.created_at)


def _wait_after(attempts: int) -> float:
    return float(min(FIRST_WAIT_S * 4 ** (attempts - 1), LONGEST_WAIT_S))
