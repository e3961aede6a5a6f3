"""``visionflow jobs``: training on a rented machine, or on this one."""

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from infra.cli.command_line import ALL_STAGES, add_command, workspace_of
from infra.cli.endpoints import Endpoints, endpoints
from infra.cli.jobs.local_job import bury_local_job, run_local_job
from infra.cli.jobs.local_machines import LocalMachines
from infra.cli.jobs.view import HEADER, WORKER, epoch_line, row, screen
from infra.errors import CommandError
from infra.stages import LOCAL
from training.cli.options import (
    Commands,
    add_group,
    add_set,
    answer,
    fields_set,
    print_json,
    print_table,
)
from training.config import committed_configs
from training.texts.progress import tell
from training.texts.terminal import printable, results, say
from visionflow.addresses import SCHEME
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import DatasetComparingError
from visionflow.jobs.frozen import check_dataset, with_version
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

_LOOK_SECONDS = 2.0
# Images are compared some seconds after a change; large datasets take longer.
_COMPARING_SECONDS = 120
_COMPARING_LOOK_SECONDS = 5
_CLEAR_LINE, _UP = "\x1b[2K", "\x1b[{}A"


def add_parsers(commands: Commands) -> None:
    jobs = add_group(commands, "jobs", "Train on a rented machine, or on this computer.")
    _add_request(add_command(jobs, "start", _start, "Start a training job.", stages=ALL_STAGES))
    for name, run, summary in (
        ("resume", _resume, "Continue a job that failed or was cancelled."),
        ("stop", _stop, "End a job and its machine."),
        ("status", _status, "Show a job with its curves."),
        ("logs", _logs, "Print the log of a job's machines."),
        ("watch", _watch, "Follow a job until it ends."),
    ):
        parser = add_command(jobs, name, run, summary, stages=ALL_STAGES)
        parser.add_argument("job", metavar="JOB", help="id of the job")
        if name == "logs":
            parser.add_argument(
                "--follow", action="store_true", help="print more as it comes, until the job ends"
            )
    summary = "Train the jobs of the local cloud on this computer, until Ctrl-C."
    # Without --stage: only the local stage has its machines on this computer.
    machines = add_command(jobs, "machines", _machines, summary)
    machines.set_defaults(stage=LOCAL.name)
    listing = add_command(jobs, "list", _list, "List jobs, newest first.", stages=ALL_STAGES)
    listing.add_argument(
        "--limit", type=int, default=20, metavar="N", help="at most N jobs (default: 20)"
    )


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        required=True,
        choices=committed_configs(),
        metavar="NAME",
        help=f"the experiment: {', '.join(committed_configs())}",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help="the dataset to train on")
    source.add_argument(
        "--data",
        help="s3://BUCKET/PREFIX of class folders, or whatever 'train --data' takes here, which is "
        "uploaded first",
    )
    parser.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="a version of the dataset (default: what it holds now, which is frozen)",
    )
    parser.add_argument("--model", help="network to train (default: the config's)")
    parser.add_argument("--recipe", help="way to train it (default: the config's)")
    add_set(parser)
    parser.add_argument("--grow-from", metavar="JOB", help="add classes to the model of this job")
    parser.add_argument(
        "--instance",
        choices=tuple(BY_NAME),
        metavar="TYPE",
        help=f"type of the machine: {', '.join(BY_NAME)} (default: any that EC2 has to lend)",
    )
    parser.add_argument("--on-demand", action="store_true", help="do not use a spot machine")
    parser.add_argument(
        "--max-hours",
        type=float,
        default=DEFAULT_MAX_HOURS,
        help=f"end the job after this time (default: {DEFAULT_MAX_HOURS:g})",
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=DEFAULT_BUDGET_USD,
        metavar="USD",
        help=f"end the job when this is spent (default: {DEFAULT_BUDGET_USD:g})",
    )
    parser.add_argument(
        "--local", action="store_true", help="train on this computer, beside the local cloud"
    )


def _request(arguments: argparse.Namespace, data: str | None) -> JobRequest:
    request = parse_request(
        {
            "config": arguments.config,
            "data": data or "",
            "dataset": arguments.dataset,
            "dataset_version": arguments.version,
            "model": arguments.model,
            "recipe": arguments.recipe,
            "set": fields_set(arguments) or None,
            "instance": arguments.instance,
            "on_demand": arguments.on_demand,
            "max_hours": arguments.max_hours,
            "budget_usd": arguments.budget,
            "grow_from": arguments.grow_from,
            "place": "local" if arguments.local else "ec2",
        }
    )
    check_settings(request)
    return request


def _start(arguments: argparse.Namespace) -> int:
    if arguments.local and arguments.stage != LOCAL.name:
        raise CommandError("--local trains beside the local cloud; leave --stage out.")
    found = endpoints(arguments)
    data: str | None = arguments.data
    bucket = found.training.datasets_bucket
    here = data is not None and not data.startswith(SCHEME)
    # What can be refused is refused before anything is uploaded.
    request = _request(arguments, f"{SCHEME}{bucket}/" if here else data)
    check_bucket(request, bucket)
    if data is not None and here:
        request = replace(request, data=_uploaded(data, found, arguments))
    wait_for_comparison(request, found.datasets, found.dataset_versions)
    with found.change("jobs start", request.config) as outcome:
        request = with_version(request, found.dataset_versions, found.caller(), datetime.now(UTC))
        job = found.job_control.start(request)
        outcome.details["job"] = job.id
    return _follow(job, found, arguments)


def wait_for_comparison(request: JobRequest, store: DatasetStore, versions: VersionStore) -> None:
    """`check_dataset`, again and again while images are compared."""
    for waited in range(0, _COMPARING_SECONDS, _COMPARING_LOOK_SECONDS):
        try:
            return check_dataset(request, store, versions)
        except DatasetComparingError:
            tell(
                f"Waiting for the images of {request.dataset} to be compared: {waited} s of at "
                f"most {_COMPARING_SECONDS} s."
            )
        time.sleep(_COMPARING_LOOK_SECONDS)
    return check_dataset(request, store, versions)


def _resume(arguments: argparse.Namespace) -> int:
    found = endpoints(arguments)
    bury_local_job(arguments.job, found)
    with found.change("jobs resume", arguments.job):
        job = found.job_control.resume(arguments.job)
    return _follow(job, found, arguments)


def _follow(job: TrainingJob, found: Endpoints, arguments: argparse.Namespace) -> int:
    """Run a local job to its end; of any other, print the id."""
    if job.config.place == "ec2":
        waits = (
            f" Nothing trains it before '{WORKER}' runs on this computer."
            if job.waits_for_worker
            else ""
        )
        text = f"Job {job.id} is queued; follow it with 'visionflow jobs watch {job.id}'.{waits}"
        answer(arguments, job, lambda: say(text))
        return 0
    say(
        f"Job {job.id} runs on this computer; if it is interrupted, 'visionflow jobs resume "
        f"{job.id}' continues it.",
        file=sys.stderr,
    )
    ended = run_local_job(job.id, found, workspace_of(arguments))
    _show(ended, arguments)
    return 0 if ended.state == "succeeded" else 1


def _stop(arguments: argparse.Namespace) -> int:
    found = endpoints(arguments)
    with found.change("jobs stop", arguments.job):
        job = found.job_control.stop(arguments.job)
    text = f"Job {job.id} is {job.state}; its machine is gone within a minute or two."
    answer(arguments, job, lambda: say(text))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    jobs, _ = endpoints(arguments).job_control.page(arguments.limit, None)
    answer(arguments, jobs, lambda: print_table([HEADER, *map(row, jobs)]))
    return 0


def _machines(arguments: argparse.Namespace) -> int:
    with suppress(KeyboardInterrupt):
        LocalMachines(endpoints(arguments), workspace_of(arguments)).play()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    _show(endpoints(arguments).job_control.get(arguments.job), arguments)
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    found = endpoints(arguments)
    printed: dict[str, str] = {}
    while True:
        # Before the log: what a machine writes last is there when its job has ended.
        job = found.jobs.get(arguments.job)
        for reporter in job.reporters:
            after = printed.get(reporter, "")
            for key, lines in found.job_folders.log_parts(reporter, after):
                printed[reporter] = key
                _print_log(reporter, lines, arguments)
        if job.state in ENDED or not arguments.follow:
            break
        time.sleep(_LOOK_SECONDS)
    if job.state in ENDED:
        why = f". {job.reason}" if job.reason else "."
        say(f"Job {job.id}: {job.state}{why}", file=sys.stderr)
    return 0


def _print_log(reporter: str, lines: list[str], arguments: argparse.Namespace) -> None:
    for line in lines:
        if arguments.json:
            print_json({"machine": reporter, "line": line})
        else:
            say(line)


def _watch(arguments: argparse.Namespace) -> int:
    """Repaint the screen on a terminal; print one line for each epoch elsewhere."""
    control, painted, printed = endpoints(arguments).job_control, 0, 0
    while True:
        job = control.get(arguments.job)
        if results().isatty() and not arguments.json:
            if painted:
                results().write(_UP.format(painted))
            lines = screen(job)
            results().write("".join(f"{_CLEAR_LINE}{printable(line)}\n" for line in lines))
            results().flush()
            painted = len(lines)
        else:
            for epoch in job.epochs[printed:]:
                if arguments.json:
                    print_json({"epoch": epoch})
                else:
                    say(epoch_line(epoch))
            printed = len(job.epochs)
        if job.state in ENDED:
            break
        time.sleep(_LOOK_SECONDS)
    if not painted:
        _show(job, arguments)
    return 0 if job.state == "succeeded" else 1


def _show(job: TrainingJob, arguments: argparse.Namespace) -> None:
    answer(arguments, job, lambda: say("\n".join(screen(job))))


def _uploaded(data: str, found: Endpoints, arguments: argparse.Namespace) -> str:
    # Only this command reads folders of images.
    from infra.cli.jobs.upload import upload  # noqa: PLC0415

    cache = workspace_of(arguments).state / "data"
    bucket = found.training.datasets_bucket
    return upload(data, bucket, found.s3, cache, lambda text: say(text, file=sys.stderr))
