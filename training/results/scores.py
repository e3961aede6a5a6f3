"""How many answers were right: of all images and of each class."""

from dataclasses import dataclass

from visionflow.insights.intervals import share

TOP_K = 5
"""How many answers `Evaluation.top5` looks at."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class ClassScores:
    """One class: how often its answers are right, how many of its images are found, both.

    The scores are None for a class without images: they were not measured. ``precision`` is 0 for
    a class that has images and was never answered.
    """

    label: str
    images: int
    answers: int
    precision: float | None
    recall: float | None
    recall_interval: Interval | None
    f1: float | None


@dataclass(frozen=True)
class ConfusedPair:
    """Images of ``truth`` that were answered ``answer``. ``rate``: of all images of ``truth``,
    0..1."""

    truth: str
    answer: str
    images: int
    rate: float


@dataclass(frozen=True)
class Confusion:
    """The cells of a confusion matrix that are not empty: cell i has ``images[i]`` images of the
    class ``truth[i]`` that were answered ``answer[i]``, both by their place among the classes.

    In full, the matrix of a thousand classes would be 2 MB of zeros.
    """

    truth: tuple[int, ...]
    answer: tuple[int, ...]
    images: tuple[int, ...]


@dataclass(frozen=True)
class Evaluation:
    """Measured on ``images`` images. All but ``confusion`` and the loss are in 0..1.

    The macro scores are means over the classes that have images. ``most_confused``: the largest
    rates first. ``loss``: mean negative
    log-likelihood in nats. ``known``: the share that got an answer, neither unsure nor unfamiliar.
    ``groups``: how many independent groups the images are; ``few_groups``: too few to say much.
    The intervals of ``top1`` and ``ece`` are by groups.
    """

    images: int
    groups: int
    few_groups: bool
    top1: float
    top1_interval: Interval
    top5: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    loss: float
    ece: float
    ece_interval: Interval
    known: float
    known_top1: float
    classes: tuple[ClassScores, ...]
    confusion: Confusion
    most_confused: tuple[ConfusedPair, ...]

    @property
    def answered(self) -> int:
        """Images that got an answer."""
        return round(self.known * self.images)

    @property
    def known_interval(self) -> Interval:
        return self._by_groups(self.known, self.images)

    @property
    def known_top1_interval(self) -> Interval:
        return self._by_groups(self.known_top1, self.answered)

    def _by_groups(self, part: float, images: int) -> Interval:
        """Wilson's, where so many of ``images`` count as there are independent groups of them."""
        groups = round(images * self.groups / self.images)
        found = share(round(part * groups), groups)
        return Interval(found.low, found.high)

    @property
    def tells_top5(self) -> bool:
        """Whether top-5 can be wrong: of five classes it holds them all."""
        return len(self.classes) > TOP_K

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The classes without images, which no macro score counts."""
        return tuple(scores.label for scores in self.classes if not scores.images)
