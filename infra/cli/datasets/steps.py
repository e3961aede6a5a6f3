"""``visionflow data``: datasets as folders, with the steps that reach a stage."""

from infra.cli.datasets import collect, push
from training.cli import data
from training.cli.options import Commands


def add_parsers(commands: Commands) -> None:
    """Add ``data`` with all its steps."""
    steps = data.add_parsers(commands)
    collect.add_parsers(steps)
    push.add_parsers(steps)
