"""The form of all help: a sentence for each command, and a phrase for each of its options."""

import argparse
from collections.abc import Iterator

import pytest

from infra.cli.main import parser

# What a command does is an imperative, so a new command may bring a new verb.
VERBS = {
    *(
        "Check",
        "Classify",
        "Compare",
        "Continue",
        "Create",
        "Delete",
        "Deploy",
        "Download",
        "Draw",
        "End",
    ),
    *(
        "Erase",
        "Estimate",
        "Follow",
        "Inspect",
        "Keep",
        "Let",
        "List",
        "Make",
        "Measure",
        "Prepare",
        "Print",
        "Publish",
        "Put",
    ),
    *(
        "Invite",
        "Refuse",
        "Remove",
        "Report",
        "Restore",
        "Search",
        "Send",
        "Show",
        "Start",
        "Train",
        "Write",
    ),
}


def commands(
    of: argparse.ArgumentParser, path: str = ""
) -> Iterator[tuple[str, str | None, argparse.ArgumentParser]]:
    """Every command below ``of`` with its line in the list of commands."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            lines = {choice.dest: choice.help for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield f"{path}{name}", lines[name], command
                yield from commands(command, f"{path}{name} ")


COMMANDS = {name: (line, command) for name, line, command in commands(parser())}


def test_all_commands_are_looked_at() -> None:
    assert {"up", "train", "data collect", "models rollback", "jobs start"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_explained_by_one_sentence_that_begins_with_a_verb(name: str) -> None:
    line, command = COMMANDS[name]
    assert line is not None
    assert line == command.description
    assert line.split()[0].rstrip(",") in VERBS
    assert line.endswith(".")
    assert line.count(". ") == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text_without_a_full_stop(name: str) -> None:
    for action in COMMANDS[name][1]._actions:
        if not isinstance(action, argparse._SubParsersAction):
            assert action.help, action.dest
            assert not action.help.endswith("."), action.dest
            # Abbreviations keep their capitals.
            words = action.help.split()
            assert not action.help[0].isupper() or words[0].isupper(), action.dest
