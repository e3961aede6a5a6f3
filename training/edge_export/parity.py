"""Whether an exported folder answers as the served form does: its own example is run on images."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.export.gate_checks import MOST_UNKNOWN_CHANGES
from visionflow.answers.classifier import Classifier
from visionflow.errors import ImageError
from visionflow.models.manifest import Manifest

IMAGES = 200
FEWEST = 20
# What int8 may decide differently about than fp32, by the gate, a target may than int8. Whether a
# label or its parent is named turns on the last percent of a confidence: it is counted and stated.
LEAST_TOP1, LEAST_DECISIONS, MOST_MEAN_DIFFERENCE = 0.98, 1 - MOST_UNKNOWN_CHANGES, 0.02
REPORT, PAGE = "parity.json", "parity.md"
_SECONDS = 1800
_NAMED = 10


@dataclass(frozen=True)
class Answer:
    """What one form says of an image; ``unknown``: why it has no answer."""

    label: str
    confidence: float
    unknown: str | None
    best: str
    best_confidence: float


@dataclass(frozen=True)
class Differing:
    """An image that the two forms answer differently."""

    file: str
    served: Answer
    exported: Answer


@dataclass(frozen=True)
class Parity:
    """``top1_agreement``: share of images with the same best label. ``unknown_agreement``: share
    that both answer, or both call unknown. ``answer_agreement``: share with the same label or
    parent, and the same reason where it is unknown. Differences of the best label's confidence are
    over images where it is the same."""

    target: str
    model: str
    runtime: str
    images: int
    source: str
    top1_agreement: float
    unknown_agreement: float
    answer_agreement: float
    mean_confidence_difference: float
    max_confidence_difference: float
    least_top1: float
    least_unknown: float
    most_mean_difference: float
    passed: bool
    differing: tuple[Differing, ...]


def spread(files: Sequence[Path], most: int = IMAGES) -> list[Path]:
    """``most`` of them at equal distances, so that each class of a sorted folder has its share."""
    if len(files) <= most:
        return list(files)
    return [files[i * len(files) // most] for i in range(most)]


def measure(
    served: Path, manifest: Manifest, exported: Path, files: Sequence[Path], source: str, names: Any
) -> Parity:
    """Compare the example in ``exported`` with the artifact in ``served`` on ``files``.

    ``names``: the target's and its runtime's. Raises `TrainingError` for fewer than `FEWEST` images
    that can be read, and for an example that fails.
    """
    classifier = Classifier.of_artifact(served, manifest)
    wanted = dict(_served(classifier, spread(files)))
    if len(wanted) < FEWEST:
        raise TrainingError(
            f"{source}: {len(wanted)} images can be read, and nothing is proven on fewer than "
            f"{FEWEST}. Name a folder with more: --images FOLDER."
        )
    found = _exported(exported, list(wanted))
    return _compared(wanted, found, source, f"{manifest.name}/{manifest.version}", *names)


def _served(classifier: Classifier, files: Iterable[Path]) -> Iterable[tuple[Path, Answer]]:
    for file in files:
        try:
            one = classifier.classify_file(file)
        except ImageError:
            continue
        best = one.scores[0]
        yield file, Answer(one.label, one.confidence, one.unknown, best.label, best.confidence)


def _exported(folder: Path, files: Sequence[Path]) -> dict[Path, Answer]:
    """The lines of the folder's own example, in a process as a user would start it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-B", "example.py", *(str(file.resolve()) for file in files)],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
    )
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("{")]
    if done.returncode or len(lines) != len(files):
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise TrainingError(f"The example of the export fails: {said[-1]}")
    documents = [json.loads(line) for line in lines]
    for document in documents:
        del document["file"]
    return {file: Answer(**document) for file, document in zip(files, documents, strict=True)}


def _compared(
    wanted: dict[Path, Answer],
    found: dict[Path, Answer],
    source: str,
    model: str,
    target: str,
    runtime: str,
) -> Parity:
    pairs = [(file, one, found[file]) for file, one in wanted.items()]
    gaps = [
        abs(one.best_confidence - other.best_confidence)
        for _, one, other in pairs
        if one.best == other.best
    ]
    top1 = len(gaps) / len(pairs)
    differing = [
        Differing("/".join(file.parts[-2:]), one, other)
        for file, one, other in pairs
        if (one.label, one.unknown) != (other.label, other.unknown)
    ]
    decided = sum((one.unknown is None) == (other.unknown is None) for _, one, other in pairs)
    unknown = decided / len(pairs)
    mean = sum(gaps) / len(gaps) if gaps else 1.0
    return Parity(
        target=target,
        model=model,
        runtime=runtime,
        images=len(pairs),
        source=source,
        top1_agreement=top1,
        unknown_agreement=unknown,
        answer_agreement=1 - len(differing) / len(pairs),
        mean_confidence_difference=mean,
        max_confidence_difference=max(gaps, default=1.0),
        least_top1=LEAST_TOP1,
        least_unknown=LEAST_DECISIONS,
        most_mean_difference=MOST_MEAN_DIFFERENCE,
        passed=top1 >= LEAST_TOP1 and unknown >= LEAST_DECISIONS and mean <= MOST_MEAN_DIFFERENCE,
        differing=tuple(differing[:_NAMED]),
    )


def page(parity: Parity) -> str:
    """The report to read, in Markdown."""
    verdict = "passed" if parity.passed else "NOT passed: do not use this model"
    rows = [
        ("same best label", f"{parity.top1_agreement:.1%}", f"at least {parity.least_top1:.0%}"),
        (
            "both answer, or both call it unknown",
            f"{parity.unknown_agreement:.1%}",
            f"at least {parity.least_unknown:.0%}",
        ),
        ("the same label or parent is named", f"{parity.answer_agreement:.1%}", ""),
        (
            "mean difference of confidence",
            f"{parity.mean_confidence_difference:.4f}",
            f"at most {parity.most_mean_difference:g}",
        ),
        ("largest difference of confidence", f"{parity.max_confidence_difference:.4f}", ""),
    ]
    lines = [
        f"# {parity.model} as {parity.target}: {verdict}",
        "",
        f"Measured on {parity.images} images of {parity.source}, spread over it evenly: the "
        f"example of this folder ({parity.runtime}) against the form that the functions serve.",
        "",
        "| what | measured | must |",
        "|---|---|---|",
        *(f"| {what} | {value} | {must} |" for what, value, must in rows),
    ]
    if parity.differing:
        lines += ["", "| image | served | exported |", "|---|---|---|"]
        lines += [
            f"| {one.file} | {_said(one.served)} | {_said(one.exported)} |"
            for one in parity.differing
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _said(answer: Answer) -> str:
    doubt = f", {answer.unknown}" if answer.unknown else ""
    return f"{answer.label} ({answer.confidence:.1%}{doubt})"
