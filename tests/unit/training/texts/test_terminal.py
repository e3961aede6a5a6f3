"""Nothing that others wrote reaches a terminal as more than text."""

import ast
import json
from pathlib import Path

import pytest

from training.cli.options import print_json, print_table
from training.texts.terminal import printable, say

ROOT = Path(__file__).parents[4]
COMMANDS = (*ROOT.glob("infra/cli/**/*.py"), *ROOT.glob("training/cli/*.py"))
# The title of the window is set, the line is written over, the text turned round and hidden.
EVIL = "\x1b]0;owned\x07\r\n\x9b2J\u202e\u200bx\u2028\udce9\x7f"


def test_an_escape_stands_for_what_a_terminal_would_obey_or_hide() -> None:
    assert printable("\x1b]0;a\x07") == r"\x1b]0;a\x07"
    assert printable("a\u202eb\u200b\n") == r"a\u202eb\u200b\n"
    assert printable("\udce9") == r"\udce9"
    assert printable("고양이 > café 🍎 \\x1b") == "고양이 > café 🍎 \\x1b"
    assert printable(EVIL).isprintable()


def test_lines_of_a_message_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo \x1b[2J")
    assert capsys.readouterr().out == "one\ntwo \\x1b[2J\n"


def test_a_cell_of_a_table_stays_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("LABEL", "N"), (EVIL, "1"), ("고양이", "2")])
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert lines[1].endswith("  1")


def test_json_says_the_same_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"label": EVIL, "korean": "고양이", EVIL: 1})
    printed = capsys.readouterr().out.rstrip("\n")
    assert printed.isprintable()
    assert "고양이" in printed
    assert json.loads(printed) == {"label": EVIL, "korean": "고양이", EVIL: 1}


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.name)
def test_no_command_prints_past_them(file: Path) -> None:
    calls = [
        node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]
