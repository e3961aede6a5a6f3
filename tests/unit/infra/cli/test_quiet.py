"""stdout is the result and nothing else, and what others say of themselves is not heard."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from infra.cli.quiet import OF_CHILDREN
from infra.packaging.workspace import PROJECT

# A command that does what libraries do while it runs: prints, warns, logs, starts programs.
_NOISY = """
import argparse, json, logging, os, subprocess, sys, warnings
from infra.cli import main
from training.cli.options import add_command, add_json, answer
from training.texts.terminal import say

def run(arguments):
    print('Downloading: "https://host/weights.pth" to /tmp/weights.pth')
    sys.stdout.write("more of it\\n")
    os.write(1, b"from C\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"])
    warnings.warn("an option will be removed", DeprecationWarning)
    warnings.warn("unclosed socket", ResourceWarning)
    logging.getLogger("urllib3.connectionpool").warning("Retrying after connection broken")
    answer(arguments, {"label": "cat", "children": dict(os.environ)}, lambda: say("a cat"))
    return 0

def add(commands, name):
    add_json(add_command(commands, "noisy", run, "Make noise."))

main.add_one = add
sys.exit(main.main())
"""


def noisy(*options: str, python: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in OF_CHILDREN}
    program = [sys.executable, *python, "-c", _NOISY, "noisy", *options]
    return subprocess.run(program, capture_output=True, text=True, check=True, env=environment)


def test_stdout_is_the_result_and_nothing_else() -> None:
    ended = noisy()
    assert ended.stdout == "a cat\n"
    for line in ("Downloading", "more of it", "from C", "from a child"):
        assert line in ended.stderr


def test_warnings_of_others_are_silent_here_and_in_children() -> None:
    ended = noisy("--json")
    for text in ("Warning", "removed", "unclosed", "Retrying"):
        assert text not in ended.stderr
    children = json.loads(ended.stdout)["children"]
    assert {name: children.get(name) for name in OF_CHILDREN} == OF_CHILDREN


def test_who_wants_warnings_gets_them() -> None:
    assert "an option will be removed" in noisy(python=["-W", "default"]).stderr


def test_no_command_prints_in_colour_so_no_color_is_heeded() -> None:
    """What moves the cursor on a terminal is no colour: https://no-color.org"""
    sources = [
        file
        for folder in ("infra/cli", "infra/local_cloud", "training")
        for file in (PROJECT / folder).rglob("*.py")
    ]
    assert not [file for file in sources if re.search(r"x1b\[[\d;{}]*m", file.read_text())]


@pytest.mark.parametrize(
    "command",
    [
        "cost --per-day 1 --region us-east-1",
        "cost --per-day 1 --region us-east-1 --json",
        "--help",
        "predict --help",
    ],
)
def test_a_reader_who_has_seen_enough_ends_a_command_quietly(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-m", "infra.cli", *command.split()]
    ended = subprocess.run(program, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_a_closed_stdout_is_no_fault_of_the_command() -> None:
    program = f"{sys.executable} -m infra.cli cost --per-day 1 --region us-east-1 >&-"
    ended = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
