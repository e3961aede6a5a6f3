"""A training job as text: one row of a list, or a screen with its curves."""

import textwrap
from collections.abc import Sequence

from visionflow.jobs.record import ENDED, JobEpoch, TrainingJob

HEADER = ("JOB", "STATE", "CONFIG", "EPOCH", "TOP-1", "COST", "MACHINE", "MODEL")
WORKER = "visionflow jobs machines"
"""What trains the jobs of the local cloud."""
_BARS = "▁▂▃▄▅▆▇█"
_CURVES = (
    ("train loss", "train_loss", "{:.3f}"),
    ("validation loss", "validation_loss", "{:.3f}"),
    ("train top-1", "train_top1", "{:.1%}"),
    ("validation top-1", "validation_top1", "{:.1%}"),
)
CURVE_WIDTH = 50
_WIDTH = 100
LOG_LINES = 5


def row(job: TrainingJob) -> tuple[str, ...]:
    """Cells under `HEADER`."""
    progress = job.progress
    return (
        job.id,
        job.state,
        job.config.config,
        f"{progress.epoch}/{progress.epochs}" if progress else "",
        f"{job.epochs[-1].validation_top1:.1%}" if job.epochs else "",
        f"{job.cost_usd:.2f} $",
        _machine(job),
        f"{job.model.name} {job.model.version}" if job.model else "",
    )


def screen(job: TrainingJob) -> list[str]:
    """The whole job in lines of at most 100 characters, its curves as rows of bars. Why it ended
    takes as many lines as it needs."""
    state = f"{job.id}  {job.state}" + (f": {job.reason}" if job.reason else "")
    why = textwrap.wrap(state, _WIDTH, subsequent_indent="  ")
    lines = [f"{job.config.config} on {_data(job)}, {_machine(job) or 'no machine yet'}"]
    budget = f" of {job.budget_usd:.2f}" if job.runs_on == "aws" else ""
    lines.append(
        f"{job.cost_usd:.2f}{budget} $, at most {job.max_hours:g} hours"
        + (f", heartbeat {job.heartbeat_at}" if job.heartbeat_at else "")
    )
    if job.progress:
        line = f"{job.progress.step}: epoch {job.progress.epoch}/{job.progress.epochs}"
        if job.eta_seconds is not None:
            line += f", about {_duration(job.eta_seconds)} of epochs left"
        lines.append(line)
    if job.epochs:
        lines += ["", *_curves(job.epochs)]
    if job.log_tail and job.state not in ENDED:
        lines += ["", *job.log_tail[-LOG_LINES:]]
    if job.model:
        lines.append(f"published as {job.model.name} {job.model.version}")
    return [*why, *(line[:_WIDTH] for line in lines)]


def epoch_line(epoch: JobEpoch) -> str:
    """One point of the curves."""
    return (
        f"epoch {epoch.epoch}: train loss {epoch.train_loss:.3f} top-1 {epoch.train_top1:.1%}, "
        f"validation loss {epoch.validation_loss:.3f} top-1 {epoch.validation_top1:.1%}, "
        f"{epoch.seconds:.1f} s"
    )


def _curves(epochs: Sequence[JobEpoch]) -> list[str]:
    lines = []
    for title, field, form in _CURVES:
        values = [float(getattr(epoch, field)) for epoch in epochs]
        first, last = form.format(values[0]), form.format(values[-1])
        lines.append(f"{title:17} {first:>7} {bars(values)} {last:>7}")
    return lines


def bars(values: Sequence[float], width: int = CURVE_WIDTH) -> str:
    """A curve in one line, the lowest value as the lowest bar; of a long one every n-th value."""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    low, high = min(values), max(values)
    steps = len(_BARS) - 1
    return "".join(
        _BARS[round((value - low) / (high - low) * steps) if high > low else 0] for value in values
    )


def _data(job: TrainingJob) -> str:
    request = job.config
    if request.dataset is None:
        return request.data
    return f"version {request.dataset_version} of {request.dataset}"


def _machine(job: TrainingJob) -> str:
    if job.waits_for_worker:
        return f"waiting for '{WORKER}'"
    if job.runs_on == "local":
        return "this computer"
    if job.instance is None:
        return ""
    market = "spot" if job.instance.spot else "on demand"
    return f"{job.instance.type} ({market}, {job.instance.zone})"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
