"""``visionflow doctor``, and what ``visionflow deploy`` looks at first."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from infra.cli.account.doctor import (
    bootstrap,
    computer,
    credentials,
    functions,
    leftovers,
    machines,
    page,
)
from infra.cli.account.doctor.check import Check, Result, run
from infra.cli.command_line import ALL_STAGES, add_command, workspace_of
from infra.errors import CommandError
from infra.packaging.workspace import Workspace
from infra.stages import DEV, StageConfig, stage_named
from training.cli.options import Commands, answer
from training.texts.terminal import say

BLOCKED = 3
"""Exit code where something is missing; 1 is a failure of the command, 2 a wrong argument."""
_WORDS = {"ok": "ok", "warning": "warning", "missing": "missing", "unchecked": "not checked"}


@dataclass(frozen=True)
class Diagnosis:
    """``blocked``: a deployment would fail."""

    stage: str
    blocked: bool
    checks: tuple[Result, ...]


def add_parsers(commands: Commands) -> None:
    summary = "Check account, quotas and this computer before a deployment, and change nothing."
    doctor = add_command(commands, "doctor", _doctor, summary, stages=ALL_STAGES)
    doctor.epilog = f"Exit code {BLOCKED}: something is missing, so a deployment would fail."
    # Who asks is about to deploy; the local cloud says itself what it lacks.
    doctor.set_defaults(stage=DEV.name)


def _doctor(arguments: argparse.Namespace) -> int:
    results = look(arguments.stage, workspace_of(arguments))
    blocked = any(result.status == "missing" for result in results)
    found = Diagnosis(arguments.stage, blocked, results)
    answer(arguments, found, lambda: _print(found))
    return BLOCKED if blocked else 0


def look(
    stage_name: str, workspace: Workspace, *, before_deploy: bool = False
) -> tuple[Result, ...]:
    """The results for a stage; with ``before_deploy`` of the checks that can end a deployment."""
    checks = checks_of(stage_named(stage_name), workspace)
    return run([check for check in checks if check.before_deploy or not before_deploy])


def checks_of(stage: StageConfig, workspace: Workspace) -> Sequence[Check]:
    """All checks that can be made: without credentials none of the account."""
    checks = computer.checks(stage, workspace)
    if not stage.on_aws:
        return checks
    account, first = credentials.look(stage)
    if account is None:
        return (*first, *checks)
    subjects = (bootstrap, functions, machines, page, leftovers)
    return (*first, *checks, *(one for of in subjects for one in of.checks(account)))


def require(stage: str, workspace: Workspace) -> None:
    """Raise `CommandError` with all that a deployment lacks, before it has built anything."""
    lacking = [
        f"{result.check}: {result.said}. To do: {result.todo}"
        for result in look(stage, workspace, before_deploy=True)
        if result.status == "missing"
    ]
    if lacking:
        raise CommandError(
            "nothing was deployed, since it would fail.\n"
            + "\n".join(f"  {line}" for line in lacking)
            + f"\n'visionflow doctor --stage {stage}' looks at everything."
        )


def _print(found: Diagnosis) -> None:
    words = max(len(word) for word in _WORDS.values())
    names = max(len(result.check) for result in found.checks)
    for result in found.checks:
        say(f"{_WORDS[result.status]:<{words}}  {result.check:<{names}}  {result.said}")
        if result.todo:
            say(f"{'':<{words}}  {'':<{names}}  to do: {result.todo}")
    say(f"\n{_summary(found)}")


def _summary(found: Diagnosis) -> str:
    count = sum(result.status == "missing" for result in found.checks)
    if count:
        return f"{count} of {len(found.checks)} checks are missing; a deployment would fail."
    if blind := [result.check for result in found.checks if result.status == "unchecked"]:
        return (
            f"Not checked: {', '.join(blind)}. Of what could be checked, nothing is missing to "
            f"deploy stage {found.stage}."
        )
    return f"Nothing is missing to deploy stage {found.stage}."
