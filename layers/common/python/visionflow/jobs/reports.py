"""What a training machine says, read without trust.

A machine may be stolen, and may write anything into its folder. A report is read part by part: what
is unknown, missing, of another type or without end is left out, so that one bad report disturbs
neither its own job's list, detail and stop, nor any other job.
"""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from visionflow.jobs.record import JobEpoch, JobOutcome, JobProgress, JobReport, OutcomeKind
from visionflow.timestamps import timestamp

MOST_BYTES = 400_000
MOST_EPOCHS = 1_000
MOST_LINES = 40
LONGEST_LINE = 300
LONGEST_REASON = 10_000
"""Of what a machine says; no reason that we write is as long."""
_LARGEST = 1e9

T = TypeVar("T")


def read_report(data: bytes, reporter: str, job_id: str) -> JobReport | None:
    """The report that lies in the folder of ``reporter``; None for what is not one.

    Whose report it is, and of which job, is decided by where it lies, not by what it says.
    """
    try:
        # Not strictly: a line of a log with half a letter must not cost the job its heartbeat.
        found = json.loads(data) if len(data) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or (seen := _moment(found.get("heartbeat_at"))) is None:
        return None
    return JobReport(
        reporter=reporter,
        job_id=job_id,
        heartbeat_at=seen,
        progress=_progress(found.get("progress")),
        epochs=_each(found.get("epochs"), _epoch, MOST_EPOCHS),
        log_tail=_each(found.get("log_tail"), lambda line: _text(line, LONGEST_LINE), MOST_LINES),
        outcome=_outcome(found.get("outcome")),
    )


def printable(text: str) -> str:
    """``text`` in one line, without what could move a terminal's cursor or cannot be encoded."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def whole_reason(text: str) -> str:
    """A reason that may quote a machine, as `printable`; a cut shows."""
    said = printable(text[:LONGEST_REASON])
    return said if len(text) <= LONGEST_REASON else f"{said[:-1]}\N{HORIZONTAL ELLIPSIS}"


def _each(found: object, read: Callable[[object], T | None], most: int) -> tuple[T, ...]:
    """The last ``most`` of a list that can be read."""
    if not isinstance(found, list):
        return ()
    return tuple(item for item in map(read, found[-most:]) if item is not None)


def _text(found: object, longest: int) -> str | None:
    return printable(found[:longest]) if isinstance(found, str) else None


def _moment(found: object) -> str | None:
    """An ISO 8601 time with its zone, in UTC."""
    try:
        moment = datetime.fromisoformat(found[:40] if isinstance(found, str) else "")
        return None if moment.tzinfo is None else timestamp(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _number(found: object) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return float(found) if abs(found) <= _LARGEST and math.isfinite(found) else None


def _count(found: object) -> int | None:
    number = _number(found)
    return int(number) if number is not None and number >= 0 else None


def _progress(found: object) -> JobProgress | None:
    fields = _fields(found)
    step = _text(fields.get("step"), LONGEST_LINE)
    epoch, epochs = _count(fields.get("epoch")), _count(fields.get("epochs"))
    if step is None or epoch is None or epochs is None:
        return None
    return JobProgress(step, epoch, epochs)


def _epoch(found: object) -> JobEpoch | None:
    fields = _fields(found)
    number = _count(fields.get("epoch"))
    measured = {
        name: value
        for name in JobEpoch.__dataclass_fields__
        if name != "epoch" and (value := _number(fields.get(name))) is not None
    }
    if number is None or len(measured) < len(JobEpoch.__dataclass_fields__) - 1:
        return None
    return JobEpoch(epoch=number, **measured)


def _outcome(found: object) -> JobOutcome | None:
    fields = _fields(found)
    kind = fields.get("kind")
    known = next((each for each in get_args(OutcomeKind) if each == kind), None)
    reason = fields.get("reason")
    return known and JobOutcome(known, whole_reason(reason) if isinstance(reason, str) else None)


def _fields(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
