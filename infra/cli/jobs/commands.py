"""``visionflow jobs``: training on a rented machine, or on this one."""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.command_line import add_command, print_json, print_table, workspace_of
from infra.cli.deployed import aws_sentences
from infra.cli.jobs.local_job import bury_local_job, run_local_job
from infra.cli.jobs.local_machines import LocalMachines
from infra.cli.jobs.target import JobTarget, job_target
from infra.cli.jobs.view import HEADER, epoch_line, row, screen
from infra.errors import CommandError
from infra.stages import LOCAL, STAGES
from training.cli.experiments import toml_value
from training.config import committed_configs
from visionflow import strict
from visionflow.errors import ConfigError
from visionflow.jobs.instances import BY_NAME
from visionflow.jobs.options import check_bucket, check_settings
from visionflow.jobs.record import (
    DEFAULT_BUDGET_USD,
    DEFAULT_MAX_HOURS,
    ENDED,
    JobRequest,
    TrainingJob,
    parse_request,
)

if TYPE_CHECKING:
    from infra.cli.command_line import Commands

Run = Callable[[argparse.Namespace], int]

_LOOK_SECONDS = 2.0
_CLEAR_LINE, _UP = "\x1b[2K", "\x1b[{}A"


def add_parsers(commands: "Commands") -> None:
    summary = "train on a rented machine, or on this one beside the local cloud"
    group = commands.add_parser("jobs", help=summary, description=summary)
    jobs = group.add_subparsers(metavar="command", required=True)
    start = _add(jobs, "start", _start, "Start a training job.")
    _add_request(start)
    resume = _add(jobs, "resume", _resume, "Go on with a job that failed or was cancelled.")
    resume.add_argument("job", metavar="JOB")
    for name, run, summary in (
        ("stop", _stop, "End a job and its machine."),
        ("status", _status, "One job with its curves."),
        ("logs", _logs, "What a job's machines said."),
        ("watch", _watch, "Follow a job until it ends."),
    ):
        _add(jobs, name, run, summary).add_argument("job", metavar="JOB")
    summary = "Train what the local cloud's jobs ask for on this computer, until Ctrl-C."
    add_command(jobs, "machines", _machines, summary)
    listing = _add(jobs, "list", _list, "Jobs, newest first.")
    listing.add_argument("--limit", type=int, default=20)


def _add(commands: "Commands", name: str, run: Run, summary: str) -> argparse.ArgumentParser:
    parser = add_command(commands, name, run, summary)
    parser.add_argument("--stage", choices=tuple(STAGES), default=LOCAL.name)
    return parser


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        required=True,
        choices=committed_configs(),
        metavar="NAME",
        help="the experiment",
    )
    parser.add_argument(
        "--data",
        required=True,
        help="s3://BUCKET/PREFIX of class folders; a local folder is uploaded first",
    )
    parser.add_argument("--model")
    parser.add_argument("--recipe")
    parser.add_argument(
        "--set",
        dest="fields",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="any other field of the config, its value as in TOML: --set scratch.epochs=3",
    )
    parser.add_argument("--grow-from", metavar="JOB", help="add classes to the model of this job")
    parser.add_argument("--instance", choices=tuple(BY_NAME), metavar="TYPE")
    parser.add_argument("--on-demand", action="store_true", help="no spot machine")
    parser.add_argument("--max-hours", type=float, default=DEFAULT_MAX_HOURS)
    parser.add_argument("--budget", type=float, default=DEFAULT_BUDGET_USD, metavar="USD")
    parser.add_argument("--promote", action="store_true", help="and let the version serve")
    parser.add_argument(
        "--local", action="store_true", help="on this machine, beside the local cloud"
    )


def _request(arguments: argparse.Namespace, data: str) -> JobRequest:
    fields = {}
    for assignment in arguments.fields:
        field, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: expected FIELD=VALUE")
        fields[field.strip()] = toml_value(value)
    request = parse_request(
        {
            "config": arguments.config,
            "data": data,
            "model": arguments.model,
            "recipe": arguments.recipe,
            "set": fields or None,
            "instance": arguments.instance,
            "on_demand": arguments.on_demand,
            "max_hours": arguments.max_hours,
            "budget_usd": arguments.budget,
            "promote": arguments.promote,
            "grow_from": arguments.grow_from,
            "place": "local" if arguments.local else "ec2",
        }
    )
    check_settings(request)
    return request


def _start(arguments: argparse.Namespace) -> int:
    if arguments.local and arguments.stage != LOCAL.name:
        raise CommandError("--local trains beside the local cloud; leave --stage out.")
    target = _target(arguments)
    with aws_sentences():
        data: str = arguments.data
        request = _request(arguments, data if data.startswith("s3://") else _place(data, target))
        check_bucket(request, target.datasets_bucket)
        if not data.startswith("s3://"):
            _upload(Path(data), target)
        job = target.control.start(request)
        return _go_on(job, target, arguments)


def _resume(arguments: argparse.Namespace) -> int:
    target = _target(arguments)
    with aws_sentences():
        bury_local_job(arguments.job, target)
        return _go_on(target.control.resume(arguments.job), target, arguments)


def _go_on(job: TrainingJob, target: JobTarget, arguments: argparse.Namespace) -> int:
    """A local job runs here and now; of any other the number is told."""
    if job.config.place == "ec2":
        if arguments.json:
            print_json(strict.to_dict(job))
        else:
            print(f"Job {job.id} is queued; follow it with 'visionflow jobs watch {job.id}'.")
        return 0
    print(f"Job {job.id} runs on this machine; 'jobs resume' goes on with it.", file=sys.stderr)
    ended = run_local_job(job.id, target, workspace_of(arguments))
    _show(ended, arguments)
    return 0 if ended.state == "succeeded" else 1


def _stop(arguments: argparse.Namespace) -> int:
    with aws_sentences():
        job = _target(arguments).control.stop(arguments.job)
    if arguments.json:
        print_json(strict.to_dict(job))
    else:
        print(f"Job {job.id} is {job.state}; its machine is gone within a minute or two.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with aws_sentences():
        jobs, _ = _target(arguments).control.page(arguments.limit, None)
    if arguments.json:
        print_json(strict.to_dict(jobs))
    else:
        print_table([HEADER, *map(row, jobs)])
    return 0


def _machines(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    with suppress(KeyboardInterrupt), aws_sentences():
        LocalMachines(job_target(LOCAL.name, workspace), workspace).play()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with aws_sentences():
        _show(_target(arguments).control.get(arguments.job), arguments)
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    target = _target(arguments)
    with aws_sentences():
        target.control.get(arguments.job)
        pages = target.logs.get_paginator("filter_log_events").paginate(
            logGroupName=target.log_group, logStreamNamePrefix=f"{arguments.job}/"
        )
        events = [event for page in pages for event in page["events"]]
    for event in sorted(events, key=lambda event: event["timestamp"]):
        if arguments.json:
            print_json({"at": event["timestamp"], "message": event["message"]})
        else:
            print(event["message"])
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    """On a terminal the screen is painted anew; elsewhere each epoch is a line."""
    target, painted, told = _target(arguments), 0, 0
    with aws_sentences():
        while True:
            job = target.control.get(arguments.job)
            if sys.stdout.isatty() and not arguments.json:
                if painted:
                    print(_UP.format(painted), end="")
                lines = screen(job)
                print("\n".join(_CLEAR_LINE + line for line in lines), flush=True)
                painted = len(lines)
            else:
                for epoch in job.epochs[told:]:
                    print(epoch_line(epoch), flush=True)
                told = len(job.epochs)
            if job.state in ENDED:
                break
            time.sleep(_LOOK_SECONDS)
    if not painted:
        _show(job, arguments)
    return 0 if job.state == "succeeded" else 1


def _show(job: TrainingJob, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(strict.to_dict(job))
    else:
        print("\n".join(screen(job)))


def _target(arguments: argparse.Namespace) -> JobTarget:
    with aws_sentences():
        return job_target(arguments.stage, workspace_of(arguments))


def _place(folder: str, target: JobTarget) -> str:
    return f"s3://{target.datasets_bucket}/{Path(folder).resolve().name}"


def _upload(folder: Path, target: JobTarget) -> None:
    """Copy a local folder of images to where `_place` says, without what is there already."""
    if not folder.is_dir():
        raise CommandError(f"{folder}: no such folder; expected one folder of images per class.")
    prefix = folder.resolve().name
    pages = target.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.datasets_bucket, Prefix=f"{prefix}/"
    )
    there = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        key = f"{prefix}/{file.relative_to(folder).as_posix()}"
        if there.get(key) != file.stat().st_size:
            target.s3.upload_file(str(file), target.datasets_bucket, key)
    print(f"{len(files)} files lie in {_place(str(folder), target)}.", file=sys.stderr)
