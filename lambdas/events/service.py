"""Send events to the bus, and say which of them were not sent."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from lambdas.telemetry.log import logger
from visionflow.events.shapes import (
    MOST_ENTRY_BYTES,
    SOURCE,
    Event,
    PredictionRecorded,
    entry_bytes,
)

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
ENTRIES_PER_CALL: Final = 10
TRIES: Final = 4
FIRST_PAUSE_S: Final = 0.1
REFRESH_S: Final = 60.0
# Of an entry: the same entry gets the same answer for ever. All else may pass, a missing right too.
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
_HOPELESS: Final = frozenset({"InvalidArgument", "MalformedDetail"})

_random = random.SystemRandom()


class Bus(Protocol):
    """The part of EventBridge's client that is used."""

    def put_events(self, *, Entries: Sequence[Any]) -> Any: ...  # noqa: N803  boto3's name

    def list_rules(self, *, EventBusName: str, Limit: int) -> Any: ...  # noqa: N803


@dataclass(frozen=True)
class Letter:
    """An event that is to be sent, and what its caller calls it."""

    number: str
    event: Event


@dataclass(frozen=True)
class Hopeless:
    """What can never be sent, and why."""

    number: str
    why: str
    event: Event


@dataclass(frozen=True)
class Sent:
    """What became of letters. Those of ``left`` may be sent later."""

    left: tuple[Letter, ...]
    hopeless: tuple[Hopeless, ...]


class EventsService:
    """The sender without the shapes of its triggers. It calls ``mend`` about once a minute while
    somebody listens."""

    def __init__(
        self,
        bus: str,
        client: Bus,
        *,
        own_records: bool,
        mend: Callable[[], object] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._client = client
        self._own_records = own_records
        self._mend = mend
        self._sleep = sleep
        self._clock = clock
        self._listened, self._looked_at = True, float("-inf")

    def send(self, letters: Sequence[Letter]) -> Sent:
        """Send each of ``letters``; what was refused for a time is sent again a few times.

        Raises nothing that a later try could mend: an error of the whole call leaves its letters.
        Where the bus has no rule, nothing is sent: it would be billed, and nobody would get it.
        """
        if not self._is_listened():
            return Sent((), ())
        hopeless: list[Hopeless] = []
        waiting: list[tuple[Letter, dict[str, Any]]] = []
        for letter in letters:
            entry = self._entry(letter.event)
            size = entry_bytes(entry["Detail"], entry["DetailType"])
            if size > MOST_ENTRY_BYTES:
                why = f"It has {size} bytes; the bus takes {MOST_ENTRY_BYTES}."
                hopeless.append(Hopeless(letter.number, why, letter.event))
            else:
                waiting.append((letter, entry))
        for attempt in range(TRIES):
            if attempt and waiting:
                self._sleep(_random.uniform(0.5, 1) * FIRST_PAUSE_S * 4 ** (attempt - 1))
            waiting = [left for part in _parts(waiting) for left in self._put(part, hopeless)]
            if not waiting:
                break
        return Sent(tuple(letter for letter, _ in waiting), tuple(hopeless))

    def _is_listened(self) -> bool:
        """Whether the bus has a rule, as far as is known."""
        # A rule that is new hears at once; one that was removed costs a minute's events at most.
        if not self._listened or self._clock() - self._looked_at >= REFRESH_S:
            try:
                found = self._client.list_rules(EventBusName=self._bus, Limit=1)
                self._listened = bool(found["Rules"])
            except Exception:
                logger.exception("taken to have a rule")
                self._listened = True
            if self._listened:
                self._look_after_delivery()
            self._looked_at = self._clock()
        return self._listened

    def _look_after_delivery(self) -> None:
        try:
            self._mend()
        except Exception:  # events reach the bus all the same
            logger.exception("deliveries were not looked after")

    def _put(
        self, part: Sequence[tuple[Letter, dict[str, Any]]], hopeless: list[Hopeless]
    ) -> list[tuple[Letter, dict[str, Any]]]:
        """What is left of ``part``."""
        try:
            answers = self._client.put_events(Entries=[entry for _, entry in part])["Entries"]
        except Exception:
            logger.exception("events were not taken")
            return list(part)
        left = []
        for (letter, entry), answer in zip(part, answers, strict=True):
            code = answer.get("ErrorCode")
            if code in _HOPELESS:
                why = f"{code}: {answer.get('ErrorMessage', '')}"
                hopeless.append(Hopeless(letter.number, why, letter.event))
            elif code is not None:
                logger.warning("event refused", extra={"code": code, "event": letter.event.id})
                left.append((letter, entry))
        return left

    def _entry(self, found: Event) -> dict[str, Any]:
        data = found.data
        if self._own_records and isinstance(data, PredictionRecorded):
            # A receiver on the bus is not the caller who alone would see it.
            found = replace(found, data=replace(data, owner=None))
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": found.kind,
            "Time": datetime.fromisoformat(found.at),
            "Detail": found.to_json(),
        }


def _parts(
    letters: Sequence[tuple[Letter, dict[str, Any]]],
) -> Iterator[list[tuple[Letter, dict[str, Any]]]]:
    """In order, as many as one call may have, by number and by bytes."""
    part: list[tuple[Letter, dict[str, Any]]] = []
    size = 0
    for letter, entry in letters:
        own = entry_bytes(entry["Detail"], entry["DetailType"])
        if part and (len(part) == ENTRIES_PER_CALL or size + own > MOST_ENTRY_BYTES):
            yield part
            part, size = [], 0
        part.append((letter, entry))
        size += own
    if part:
        yield part
