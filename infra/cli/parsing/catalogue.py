"""All commands by subject, with the module that adds each: what ``visionflow --help`` lists.

A module is imported when one of its commands is called. So help, a typo and ``--version`` are
answered in a moment, and a command pays for its own imports alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from training.cli.options import Commands


@dataclass(frozen=True)
class Listed:
    """A command's line in the list; ``module`` has an ``add_parsers`` that adds it."""

    module: str
    summary: str


CATALOGUE: Final[Mapping[str, Mapping[str, Listed]]] = {
    "Classify images and look at answers": {
        "predict": Listed("infra.cli.classify.command", "Classify images through the API."),
        "logs": Listed("infra.cli.records.logs", "List predictions, newest first."),
        "uncertain": Listed(
            "infra.cli.records.feedback", "List the predictions that are most worth a label."
        ),
        "feedback": Listed("infra.cli.records.feedback", "Confirm or correct a prediction."),
        "stats": Listed("infra.cli.records.stats", "Show counts and accuracy of whole days."),
        "backfill": Listed(
            "infra.cli.backfills.commands", "Classify images that are in a bucket already."
        ),
        "erase": Listed("infra.cli.access", "Erase predictions with their images, for ever."),
    },
    "Prepare data": {
        "data": Listed(
            "infra.cli.datasets.steps",
            "Inspect, download, import, draw, collect or push a dataset.",
        ),
        "datasets": Listed(
            "infra.cli.datasets.commands", "Show, label, freeze, train and export datasets."
        ),
    },
    "Train on this computer": {
        "train": Listed(
            "training.cli.experiments",
            "Train a model from a folder of images, or continue a killed run.",
        ),
        "tune": Listed(
            "training.cli.runs", "Search for a config's best settings, or continue a killed search."
        ),
        "adopt": Listed(
            "training.cli.adopt",
            "Make the artifact of a model that was trained elsewhere, proven on your images.",
        ),
        "ensemble": Listed(
            "training.cli.runs",
            "Make one model that averages the logits of finished runs, with the usual gate.",
        ),
        "evaluate": Listed(
            "training.cli.evaluating",
            "Measure an artifact, as it serves, on class folders or on a part of its own images.",
        ),
        "compare": Listed(
            "training.cli.runs",
            "Compare finished runs: accuracy, size, latency, training time, fit.",
        ),
        "plots": Listed(
            "training.cli.runs", "Draw the plots of a run, a comparison or a search again, as SVG."
        ),
        "export": Listed(
            "training.cli.experiments",
            "Write the artifact of a trained run again, with other settings of the export.",
        ),
        "config": Listed("training.cli.settings", "Show the settings of a training."),
    },
    "Publish and serve": {
        "publish": Listed(
            "infra.cli.publish", "Publish a finished run as a version that can serve."
        ),
        "models": Listed(
            "infra.cli.models.commands", "List, compare, promote and roll back model versions."
        ),
        "export-edge": Listed(
            "infra.cli.models.export_edge",
            "Export a version for a device, with its proof.",
        ),
        "jobs": Listed(
            "infra.cli.jobs.commands", "Train on a rented machine, or on this computer."
        ),
    },
    "Run a stage": {
        "up": Listed("infra.cli.cloud", "Start the local cloud, or bring it up to date."),
        "down": Listed("infra.cli.cloud", "End the local cloud."),
        "doctor": Listed(
            "infra.cli.account.doctor.command",
            "Check account, quotas and this computer before a deployment, and change nothing.",
        ),
        "bootstrap": Listed(
            "infra.cli.cloud", "Prepare an account and region of AWS, once, for deployments."
        ),
        "deploy": Listed("infra.cli.cloud", "Deploy to AWS with your own credentials."),
        "destroy": Listed("infra.cli.cloud", "Remove a deployment from AWS."),
        "health": Listed("infra.cli.records.stats", "Show whether a stage can classify images."),
    },
    "Access and cost": {
        "keys": Listed("infra.cli.keys", "Make, list and revoke the API keys of programs."),
        "hooks": Listed("infra.cli.hooks", "Send events to webhooks, e-mail addresses and queues."),
        "users": Listed("infra.cli.account.users", "Invite the people who sign in."),
        "audit": Listed("infra.cli.access", "List who changed what, the latest first."),
        "cost": Listed(
            "infra.cli.cost", "Estimate what images cost, from measured times and dated prices."
        ),
        "budget": Listed(
            "infra.cli.cost", "Show or end the stop of a stage whose budget is spent."
        ),
    },
}

LISTED: Final = {name: line for lines in CATALOGUE.values() for name, line in lines.items()}


def add_all(commands: Commands) -> None:
    """Every command with its options, whose modules are imported."""
    for module in dict.fromkeys(line.module for line in LISTED.values()):
        _add(module, commands)


def add_one(commands: Commands, name: str) -> None:
    """The command ``name`` with its options, and of all others the name alone."""
    module = LISTED[name].module if name in LISTED else None
    if module:
        _add(module, commands)
    for other, line in LISTED.items():
        if other not in commands.choices:
            commands.add_parser(other, help=line.summary, description=line.summary)


def _add(module: str, commands: Commands) -> None:
    import_module(module).add_parsers(commands)


def by_subject() -> Iterator[tuple[str, Mapping[str, Listed]]]:
    yield from CATALOGUE.items()
