"""An instant training: from a version of a dataset to a version of a model."""

from dataclasses import dataclass
from typing import Literal

RunState = Literal["waiting", "running", "done", "failed"]
RunStepName = Literal["freeze", "embed", "fit", "prove", "publish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """``done`` of ``total`` images, where a step counts them."""

    name: RunStepName
    started_at: str
    finished_at: str | None = None
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """``count`` test images of ``label`` were answered with ``answered``."""

    label: str
    answered: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Measured once on the test part: ``top1`` of ``images`` in ``groups``, with its 95 % interval
    by groups, and the worst confusions first. ``series``: the classes that were measured on
    look-alikes of their training images, because they have no others: an optimistic measure."""

    top1: float
    top1_low: float
    top1_high: float
    images: int
    groups: int
    worst: tuple[Confusion, ...]
    series: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRun:
    """One training of a dataset.

    Attributes:
        id: sortable by time.
        version: the number of the dataset's version that it trains on; 0 before the step
            ``freeze`` has named it.
        model: the name of the model that it makes a version of.
        model_version: once it is published.
        promote: whether it was asked to serve at once.
        serves: whether it was promoted.
        error: a code and a sentence, where it failed.
    """

    id: str
    dataset: str
    version: int
    model: str
    state: RunState
    started_at: str
    started_by: str
    promote: bool
    steps: tuple[RunStep, ...] = ()
    finished_at: str | None = None
    model_version: str | None = None
    result: RunResult | None = None
    serves: bool = False
    error: tuple[str, str] | None = None
