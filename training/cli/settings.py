"""``visionflow config show``: the settings of a training, and where each comes from."""

import argparse
from typing import TYPE_CHECKING

from training.cli.experiments import add_config_options, source_and_overrides
from training.cli.options import add_command, add_group, add_json, answer, print_table
from training.config import Setting, settings

if TYPE_CHECKING:
    from training.cli.options import Commands


def add_parsers(commands: "Commands") -> None:
    """Add the command; it sets ``run``, a function from its arguments to the exit code."""
    steps = add_group(commands, "config", "Show the settings of a training.")
    summary = "Print every setting of a config, and which file or flag it comes from."
    parser = add_command(steps, "show", _show, summary)
    parser.add_argument(
        "config", metavar="CONFIG", nargs="?", help="a TOML file, or the name of a committed config"
    )
    add_config_options(parser)
    add_json(parser)


def _show(arguments: argparse.Namespace) -> int:
    source, overrides, flags = source_and_overrides(arguments)
    found = [
        Setting(one.field, one.value, flags.get(one.field, one.source))
        for one in settings(source, overrides, "--set")
    ]
    rows = (("FIELD", "VALUE", "FROM"), *((o.field, _shown(o.value), o.source) for o in found))
    answer(arguments, {"settings": found}, lambda: print_table(rows))
    return 0


def _shown(value: object) -> str:
    """As TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value)
