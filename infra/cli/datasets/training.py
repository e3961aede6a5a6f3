"""An instant training on the terminal: its steps as they come, and its result."""

import time

from training.cli.options import print_table
from training.texts.progress import tell
from training.texts.terminal import say
from visionflow.client import answers
from visionflow.client.routes.datasets import Dataset

_POLL_SECONDS = 1.0
_MOST_CONFUSIONS = 3


def follow(client: Dataset, run: answers.InstantRun) -> answers.InstantRun:
    """Say each step when it begins and ends, until the training ends. Returns it."""
    said = ""
    while run.state in ("waiting", "running"):
        if (line := _line(run)) != said:
            tell(line)
            said = line
        time.sleep(_POLL_SECONDS)
        run = client.run(run.id)
    return run


def _line(run: answers.InstantRun) -> str:
    if not run.steps:
        return f"training {run.id} is waiting"
    step = run.steps[-1]
    if step.total is None:
        return str(step.name)
    return f"{step.name}: {step.done or 0} of {step.total} images"


def print_run(run: answers.InstantRun) -> None:
    """How a training ended, or where it is."""
    if run.error is not None:
        code, sentence = run.error
        say(f"Training {run.id} failed: {sentence} ({code})")
        return
    if (result := run.result) is None:
        say(f"Training {run.id} is {run.state}.")
        return
    serves = "serves" if run.serves else "is published"
    say(f"{run.model} {run.model_version} {serves}, from version {run.version}.")
    say(
        f"Top-1 accuracy {result.top1:.1%} (95 % interval {result.top1_low:.1%} to "
        f"{result.top1_high:.1%}) on {result.images} test images in "
        f"{result.groups} groups."
    )
    if (compared := result.compared) is not None:
        say(
            f"{compared.model} {compared.version} has {compared.before:.1%} on "
            f"{compared.images} of them, and this one {compared.after:.1%}. "
            f"{difference(compared)}"
        )
    if worst := result.worst[:_MOST_CONFUSIONS]:
        rows = [(entry.label, entry.answered, str(entry.count)) for entry in worst]
        print_table([("LABEL", "ANSWERED", "IMAGES"), *rows])


def difference(compared: answers.Compared) -> str:
    """What the paired interval of a comparison says."""
    low, high = compared.difference_low, compared.difference_high
    verdict = "better" if low > 0 else "worse" if high < 0 else "too close to tell"
    return f"{verdict.capitalize()}: {low:+.1%} to {high:+.1%} (95 % interval)."
