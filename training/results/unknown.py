"""What a model does with images that it was never taught, and how well its prediction sets hold."""

from dataclasses import dataclass

from training.results.findings import Curve
from training.results.levels import Levels
from training.results.scores import Evaluation, Interval


@dataclass(frozen=True)
class StrangerSet:
    """``images`` of a kind that the model was never taught.

    ``auroc``: of familiarity, own test images against these. ``answered``: the share that gets an
    answer, because it is neither unsure nor unfamiliar. ``curve``: its x is the share of these at
    or above a threshold of familiarity, its y the share of own test images.
    """

    name: str
    images: int
    auroc: float
    answered: float
    curve: Curve


@dataclass(frozen=True)
class FamiliarityShares:
    """``shares[i]``: of the images of set ``name``, those with a familiarity in the i-th bin."""

    name: str
    shares: tuple[float, ...]


@dataclass(frozen=True)
class FamiliarityHistogram:
    """``edges``: rising, one more than there are bins. ``own``: of the test images."""

    edges: tuple[float, ...]
    own: tuple[float, ...]
    strangers: tuple[FamiliarityShares, ...]


@dataclass(frozen=True)
class Unfamiliar:
    """How a model separates images of its own kinds from others.

    ``threshold``: of familiarity. ``kept_target``: the share of own images that should get an
    answer; ``kept_validation`` and ``kept_test``: the share that does. ``unsure_test`` and
    ``unfamiliar_test``: the shares of own test images that get none, by reason.
    """

    threshold: float
    kept_target: float
    kept_validation: float
    kept_test: float
    unsure_test: float
    unfamiliar_test: float
    strangers: tuple[StrangerSet, ...]
    histogram: FamiliarityHistogram


@dataclass(frozen=True)
class SetCoverage:
    """Prediction sets for ``coverage``, on test images.

    ``measured``: how often the set holds the true label, with its ``interval``. ``mean_size``: of
    the sets, in labels. ``empty``: the share of sets without any label.
    """

    coverage: float
    measured: float
    interval: Interval
    mean_size: float
    empty: float


@dataclass(frozen=True)
class KnownToRun:
    """How many images of a folder were in each part of the run, by their content: copies in another
    form are not counted."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class FolderScores(Evaluation):
    """Of an artifact on a folder of labelled images. ``unsure`` and ``unfamiliar``: the shares that
    got no answer, by reason. ``prediction_sets``: none where an artifact has no conformity.
    ``levels``: None where labels have no parents. ``known_to_run``: None where the artifact does
    not say what it was made of."""

    unsure: float
    unfamiliar: float
    prediction_sets: tuple[SetCoverage, ...]
    levels: Levels | None
    known_to_run: KnownToRun | None


@dataclass(frozen=True)
class AnswerShares:
    """What a model answers to ``images`` images: shares with an answer, and without by reason.

    ``confidence``: the mean of the best label's.
    """

    images: int
    answered: float
    answered_interval: Interval
    unsure: float
    unsure_interval: Interval
    unfamiliar: float
    unfamiliar_interval: Interval
    confidence: float
