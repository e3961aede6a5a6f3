"""How the command line reads its arguments, refuses them, and explains itself.

argparse answers a wrong option of a command with the usage of the whole program; here it is that
command's own, with the option that was probably meant.
"""

import argparse
import difflib
import shutil
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from infra.cli.parsing.catalogue import by_subject
from infra.errors import CommandError

EXAMPLES: Final = Path(__file__).with_name("examples.toml")
WIDTH: Final = 100
_OPTION_COLUMN = 26
# What nearly every command has stands last in its help.
_SHARED: Final = ("help", "json", "state", "stage", "aws_region", "api_url")


class UsageError(CommandError):
    """The arguments are not those of a command. ``usage`` shows what it takes."""

    code = "usage"

    def __init__(self, sentence: str, usage: str) -> None:
        super().__init__(sentence)
        self.usage = usage


class _Formatter(argparse.HelpFormatter):
    """Usage without what may be left out, so that it fits on a line or two."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_OPTION_COLUMN, width=_width() - 2)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None,
    ) -> str:
        actions = list(actions)
        needed = [group for group in groups if group.required]
        chosen = {id(action) for group in needed for action in group._group_actions}
        shown = [
            action
            for action in actions
            if action.required or not action.option_strings or id(action) in chosen
        ]
        more = " [options]" if len(shown) < len(actions) else ""
        whole, self._prog = self._prog, f"{self._prog}{more}"
        try:
            return super()._format_usage(usage, shown, needed, prefix)
        finally:
            self._prog = whole


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse would end the program."""

    def __init__(self, **settings: Any) -> None:
        # A part of an option's name would become ambiguous with the next option that is added.
        super().__init__(**{"formatter_class": _Formatter, "allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith((".", "?")) else "."
        raise UsageError(f"{message}{end} See '{self.prog} --help'.", self.format_usage())

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuses what this command does not know, before what is missing is."""
        given = list(sys.argv[1:] if args is None else args)
        for part in self._own(given):
            name = part.partition("=")[0]
            if part.startswith("--") and name not in self._option_string_actions:
                options = [name for name in self._option_string_actions if name.startswith("--")]
                self.error(f"'{self.prog}' has no option {name}{_meant(name, options)}")
        found, left = super().parse_known_args(given, namespace)
        if left:
            self.error(f"unexpected {' '.join(left)}")
        return found, left

    def _own(self, given: Sequence[str]) -> Iterator[str]:
        """What of the arguments is for this parser and not for that of a command below."""
        has_commands = any(map(_is_group, self._actions))
        for part in given:
            if part == "--" or (has_commands and not part.startswith("-")):
                return
            yield part

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = list(map(str, action.choices))
        if isinstance(action, argparse._SubParsersAction):
            whose = f"'{self.prog}' has" if " " in self.prog else "There is"
            self.error(f"{whose} no command '{value}'{_meant(str(value), choices)}")
        name = "/".join(action.option_strings) or action.metavar or action.dest
        self.error(f"{name} {value}: one of {', '.join(choices)} is expected")

    def format_help(self) -> str:
        """Usage, what it does, its arguments, what is said below them, and examples; of the whole
        program its commands."""
        groups = (a for a in self._actions if isinstance(a, argparse._SubParsersAction))
        steps = next(groups, None)
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        text = formatter.format_help()
        if steps is not None:
            text += self._commands(steps)
        own = [action for action in self._actions if not _is_group(action)]
        shared = () if steps else _SHARED
        for title, actions in (
            ("arguments", [action for action in own if not action.option_strings]),
            ("options", [a for a in own if a.option_strings and a.dest not in shared]),
            ("common options", [a for a in own if a.option_strings and a.dest in shared]),
        ):
            text += self._section(title, actions)
        if self.epilog:
            text += f"\n{textwrap.fill(self.epilog, _width())}\n"
        if examples := examples_of(self.prog):
            text += "\nexamples:\n" + "".join(f"  {line}\n" for line in examples)
        return text

    def _section(self, title: str, actions: Sequence[argparse.Action]) -> str:
        formatter = self._get_formatter()
        formatter.start_section(title)
        formatter.add_arguments(actions)
        formatter.end_section()
        section = formatter.format_help()
        return f"\n{section}" if section else ""

    def _commands(self, steps: "argparse._SubParsersAction[Any]") -> str:
        lines = {choice.dest: choice.help or "" for choice in steps._choices_actions}
        if " " in self.prog:
            return f"\ncommands:\n{_table(lines)}"
        subjects = (
            (subject, {name: line.summary for name, line in listed.items() if name in lines})
            for subject, listed in by_subject()
        )
        return "".join(f"\n{subject}:\n{_table(listed)}" for subject, listed in subjects)


def _is_group(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)


def _table(lines: dict[str, str]) -> str:
    widest = max(map(len, lines))
    return "".join(
        textwrap.fill(
            summary,
            _width(),
            initial_indent=f"  {name:{widest}}  ",
            subsequent_indent=" " * (widest + 4),
        )
        + "\n"
        for name, summary in lines.items()
    )


def _width() -> int:
    return min(WIDTH, shutil.get_terminal_size().columns)


def _meant(wrong: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


@cache
def _examples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    return found


def examples_of(prog: str) -> list[str]:
    """The examples of a command, named as in its usage."""
    return _examples().get(prog.removeprefix("visionflow").strip(), [])
