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
class CurvePoint:
    """``top1`` with its 95 % interval by groups, where ``images`` training images are labelled."""

    images: int
    top1: float
    top1_low: float
    top1_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The run's model and an earlier one of the same dataset, both on the same test images: those
    that neither was trained or chosen on, of classes that both have.

    Attributes:
        model, version: the earlier one: what serves, if the dataset made it, else the last that the
            dataset made.
        before, after: top-1 of the earlier one and of the run's, of ``images`` in ``groups``.
        difference_low, difference_high: 95 % interval of ``after - before``, paired, by groups.
    """

    model: str
    version: str
    images: int
    groups: int
    before: float
    after: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Measured once on the test part: ``top1`` of ``images`` in ``groups``, with its 95 % interval
    by groups, and the worst confusions first. ``curve``: accuracy against the number of labelled
    images, fewest first; empty for runs from before it was measured. ``compared``: with an earlier
    model, None where there is none to compare with. ``series``: the classes that were measured on
    look-alikes of their training images, because they have no others: an optimistic measure."""

    top1: float
    top1_low: float
    top1_high: float
    images: int
    groups: int
    worst: tuple[Confusion, ...]
    curve: tuple[CurvePoint, ...] = ()
    compared: Compared | None = None
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
