"""The form of all help: a sentence for each command, and a phrase for each of its options."""

import argparse
import shlex

import pytest

from infra.cli.main import main, parser
from infra.cli.parsing.catalogue import LISTED
from infra.cli.parsing.parser import WIDTH, examples_of
from tests.unit.infra.cli.commands import COMMANDS

# What a command does is an imperative, so a new command may bring a new verb.
VERBS = {
    *(
        "Classify",
        "Check",
        "Compare",
        "Confirm",
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
        "Export",
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
        "Pause",
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


def test_the_list_of_commands_names_each_with_its_own_sentence() -> None:
    own = {name: line for name, (line, _) in COMMANDS.items() if " " not in name}
    listed = {name: line.summary for name, line in LISTED.items()}
    assert listed == own, "infra/cli/parsing/catalogue.py says what each top-level command does"


@pytest.mark.parametrize("width", [80, WIDTH])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_of_a_command_is_one_screen(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main([*name.split(), "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # The list of all commands by subject is longer.
    assert len(lines) <= (40 if name else 64), "shorten its texts, or make two commands of it"
    # Examples are copied, so they are not broken.
    texts = lines[: lines.index("examples:")]
    assert max(map(len, texts)) <= width
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_of_a_command_has_examples_that_the_command_line_takes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = examples_of(f"visionflow {name}")
    assert examples, f"add an example of '{name}' to infra/cli/parsing/examples.toml"
    for example in examples:
        *_, command = example.split(" | ")
        program, *arguments = shlex.split(command)
        assert program == "visionflow"
        assert arguments[: len(name.split())] == name.split()
        assert callable(parser(arguments[0]).parse_args(arguments).run)
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {example}\n" in shown for example in examples)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_machines(name: str) -> None:
    command = COMMANDS[name][1]
    is_group = any(isinstance(action, argparse._SubParsersAction) for action in command._actions)
    assert is_group or "--json" in command._option_string_actions, "add_json(parser), and answer()"


def test_what_a_command_says_of_its_exit_codes_stands_in_its_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {name: text for name, (_, one) in COMMANDS.items() if (text := one.epilog)}
    assert {"publish", "doctor"} <= set(said)
    for name, text in said.items():
        assert main([*name.split(), "--help"]) == 0
        assert text in " ".join(capsys.readouterr().out.split())
