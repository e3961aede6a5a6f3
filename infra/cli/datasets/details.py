"""A dataset on the terminal: what is in it, what flows in, and what to do next."""

from infra.cli.datasets.training import difference, print_run
from training.cli.options import print_table
from training.texts.terminal import say
from visionflow.client import answers

_ADVICE = {
    "one_class": "Label images of two classes at least.",
    "unlabelled": "Label the {images} images that have no label.",
    "few_images": "Add {missing} images of {class}, which has {images}.",
    "few_groups": "Add images of other things to {class}: its {images} show {groups}.",
    "imbalance": "Add images of {class}, which has {images}; {largest} has {most}.",
    "suspected": "Look at the {images} images whose label may be wrong.",
}
_CANARY_PERCENT = 10


def print_details(found: answers.DatasetDetails) -> None:
    """What ``GET /datasets/{name}`` answers."""
    dataset, health, latest = found.dataset, found.health, found.latest
    say(f"{dataset.name}: {len(dataset.classes)} classes")
    if health is None:
        say("Its images have not been compared yet.")
    else:
        _print_health(health)
    if latest is not None:
        say(f"Version {latest.number} of {latest.created_at[:16]}: {latest.images} images")
    if found.run is not None:
        print_run(found.run)
    say(flow_line(dataset.flow))
    if dataset.flow is not None:
        say(f"{found.flow_today} images have flowed in today (UTC).")
    if found.proposal is not None:
        _print_proposal(dataset.name, found.proposal)


def _print_health(health: answers.DatasetHealth) -> None:
    say(
        f"{health.images} images: {health.labelled} labelled, {health.unlabelled} "
        f"unlabelled, {health.pending} pending, {health.unreadable} unreadable; "
        f"{health.duplicates} look like another one."
    )
    rows = [
        (entry.name, *map(str, (entry.images, entry.groups, entry.suspected)))
        for entry in health.classes
    ]
    print_table([("CLASS", "IMAGES", "GROUPS", "SUSPECTED"), *rows])
    for advice in health.advice:
        say(_ADVICE[advice.code].format_map(advice.params))


def flow_line(flow: answers.Flow | None) -> str:
    """The rule of a dataset in words."""
    if flow is None:
        return "No records flow in by a rule."
    of = f" of {flow.model}" if flow.model else ""
    line = f"Records{of} that are {' or '.join(flow.kinds)} flow in, {flow.per_day} a day"
    if flow.train:
        line += "; enough new labels start a training, once a day"
    return f"{line}."


def _print_proposal(name: str, proposal: answers.Proposal) -> None:
    if (labels := proposal.labels) > 0:
        say(
            f"{labels} labels are new since version {proposal.version}, the last that was "
            f"trained on; {proposal.needed} are worth a training."
        )
        if labels >= proposal.needed:
            say(f"Train on them: visionflow datasets train {name}")
    run = proposal.run
    if run is None or run.result is None or (compared := run.result.compared) is None:
        return
    model = f"{run.model}/{run.model_version}"
    say(
        f"{run.model} {run.model_version} gives {compared.after:.1%} instead of "
        f"{compared.before:.1%} on the same {compared.images} test images. "
        f"{difference(compared)}"
    )
    say(
        f"Let it answer a share: visionflow models canary {model} --percent {_CANARY_PERCENT}\n"
        f"Accept it:             visionflow models promote {model}"
    )
