"""Every command of the command line, for tests that hold for all, also for those to come."""

import argparse
from collections.abc import Iterator

from infra.cli.main import parser


def _below(
    of: argparse.ArgumentParser, path: str = ""
) -> Iterator[tuple[str, str | None, argparse.ArgumentParser]]:
    """Every command below ``of`` with its line in the list of commands."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            lines = {choice.dest: choice.help for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield f"{path}{name}", lines[name], command
                yield from _below(command, f"{path}{name} ")


COMMANDS = {name: (line, command) for name, line, command in _below(parser())}
LEAVES = [
    name
    for name, (_, command) in COMMANDS.items()
    if not any(isinstance(action, argparse._SubParsersAction) for action in command._actions)
]
