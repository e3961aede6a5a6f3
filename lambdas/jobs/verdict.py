"""Whether a job that runs may go on: a pure function of what is known about it."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from visionflow.jobs.record import JobRecord, JobReport, hours_between
from visionflow.sentences import say

MOST_MACHINES = 6
"""After this many interrupted machines a job fails; its checkpoint is kept."""


@dataclass(frozen=True)
class Patience:
    """Seconds that a machine may take to begin, and between two heartbeats. Where it may take for
    ever, the job's time does not pass before it begins."""

    begin: float = 1200.0
    heartbeat: float = 180.0


PATIENCE = Patience()


@dataclass(frozen=True)
class MachineState:
    """What EC2 says about a machine. ``reason``: EC2's code for why it is gone."""

    alive: bool
    reason: str | None = None

    @property
    def reclaimed(self) -> bool:
        """Whether EC2 took the machine back."""
        return self.reason is not None and self.reason.startswith("Server.")


@dataclass(frozen=True)
class Verdict:
    """``reason``: why the job ends, which is as failed, or why it needs another machine."""

    next: Literal["wait", "relaunch", "publish", "end"]
    reason: str | None = None


def judge(
    record: JobRecord,
    report: JobReport | None,
    machine: MachineState | None,
    now: datetime,
    patience: Patience = PATIENCE,
) -> Verdict:
    """What comes next for a running job.

    ``report``: of the machine that runs now. ``machine``: None for a local job, whose process only
    its owner can see.
    """
    outcome = report.outcome if report else None
    if outcome is not None and outcome.kind != "interrupted":
        finished = outcome.kind == "finished"
        return Verdict("publish") if finished else Verdict("end", outcome.reason)
    waits = report is None and math.isinf(patience.begin)
    spent = None if waits else _overspent(record, now)
    if spent is not None:
        return Verdict("end", spent)
    if outcome is not None:
        return _interrupted(record, outcome.reason or say("interrupted"))
    if machine is not None and not machine.alive:
        return _gone(record, report, machine)
    return _heartbeat(record, report, now, patience)


def _overspent(record: JobRecord, now: datetime) -> str | None:
    request = record.request
    if record.started_at and hours_between(record.started_at, now) >= request.max_hours:
        return say("time_over", hours=request.max_hours)
    cost = record.cost_usd(now)
    if cost >= request.budget_usd:
        return say("budget_spent", cost=cost, budget=request.budget_usd)
    return None


def _interrupted(record: JobRecord, reason: str) -> Verdict:
    if record.request.place == "local":
        return Verdict("end", say("resume_to_go_on", reason=reason))
    if record.attempt >= MOST_MACHINES:
        return Verdict("end", say("no_more_machines", reason=reason, attempt=record.attempt))
    return Verdict("relaunch", reason)


def _gone(record: JobRecord, report: JobReport | None, machine: MachineState) -> Verdict:
    if machine.reclaimed:
        return _interrupted(record, say("taken_back", reason=machine.reason))
    code = "ended_early" if report is None else "ended_silently"
    return Verdict("end", say(code, reason=machine.reason or say("no_reason")))


def _heartbeat(
    record: JobRecord, report: JobReport | None, now: datetime, patience: Patience
) -> Verdict:
    last, limit = record.launched_at or record.started_at, patience.begin
    if report is not None:
        last, limit = report.heartbeat_at, patience.heartbeat
    if last is None or hours_between(last, now) * 3600 < limit:
        return Verdict("wait")
    return Verdict("end", say("heartbeat_stopped" if report else "never_reported", last=last))
