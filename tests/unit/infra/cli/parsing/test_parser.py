"""Arguments that are wrong: the command that they were for says so, in a moment."""

import json
import subprocess
import sys

import pytest

from infra.cli.main import main
from tests.unit.infra.cli.commands import COMMANDS, LEAVES

# What takes long to import, or is not there after `make up`.
HEAVY = ("torch", "boto3.session", "botocore.client", "aws_cdk", "jsii", "numpy", "PIL", "tqdm")

_PROGRAM = """
import json, sys
from infra.cli.main import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    main()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_option_shows_the_usage_of_its_command(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split(), "--no-such-option"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"usage: visionflow {name} ")
    assert f"'visionflow {name}' has no option --no-such-option" in said.err
    assert f"See 'visionflow {name} --help'." in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", LEAVES)
def test_a_mistyped_option_names_the_one_that_was_meant(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split(), "--jsom"]) == 2
    assert "did you mean --json?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_mistyped_command_names_the_one_that_was_meant(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    *above, last = name.split()
    assert main([*above, f"{last}x"]) == 2
    said = capsys.readouterr().err
    assert f"no command '{last}x'; did you mean {last}?" in said
    assert said.startswith(" ".join(["usage: visionflow", *above]))


@pytest.mark.parametrize("name", COMMANDS)
def test_with_json_a_wrong_argument_is_one_document_on_stderr(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split(), "--no-such-option", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err)["error"]["code"] == "usage"


def test_an_option_is_not_taken_for_another_that_begins_like_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["logs", "--js"]) == 2
    assert "did you mean --json?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["trian"], ["--hepl"]], ids=" ".join
)
def test_what_needs_no_command_imports_none(arguments: list[str]) -> None:
    modules = _modules_after([arguments])
    assert not modules & set(HEAVY)
    assert not {name for name in modules if name.startswith(("lambdas", "infra.local_cloud"))}


def test_a_wrong_option_and_help_of_any_command_import_nothing_heavy() -> None:
    wrong = [[*name.split(), "--no-such-option"] for name in COMMANDS]
    helped = [[*name.split(), "--help"] for name in COMMANDS]
    found = _modules_after([*wrong, *helped]) & set(HEAVY)
    assert not found, "import it in the function that needs it"


def _modules_after(commands: list[list[str]]) -> set[str]:
    program = [sys.executable, "-c", _PROGRAM, json.dumps(commands)]
    ended = subprocess.run(program, capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))
