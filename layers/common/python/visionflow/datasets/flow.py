"""The rule by which records of the history flow into a dataset, and what is proposed then."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from visionflow.datasets.run import InstantRun
from visionflow.errors import InvalidParameterError
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE

FlowKind = Literal["uncertain", "unfamiliar", "corrected"]
"""``uncertain`` and ``unfamiliar``: answered as unknown, for that reason. ``corrected``: a person
said that the image shows another class."""

FLOW_RULE: Final = "the flow rule"
"""Who an image, a label or a training is from that the rule brought about."""
MOST_PER_DAY: Final = 1000

_FEWEST_LABELS = 20
_LABELS_PER_HUNDRED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The rule of a dataset.

    Attributes:
        kinds: which records flow in.
        model: only those that a version of this model answered; None for any.
        per_day: at most so many new images in a day (UTC).
        train: start a training by itself when enough labels are new, once a day at most.
    """

    kinds: tuple[FlowKind, ...]
    model: str | None = None
    per_day: int = 50
    train: bool = False

    def check(self) -> None:
        """Raises `InvalidParameterError`."""
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            names = ", ".join(get_args(FlowKind))
            raise InvalidParameterError(
                f"kinds must name one or more of {names}, each once.", "kinds"
            )
        if not 1 <= self.per_day <= MOST_PER_DAY:
            raise InvalidParameterError(
                f"per_day must be between 1 and {MOST_PER_DAY:,}, found {self.per_day}.", "per_day"
            )
        if self.model is not None and not PLAIN_NAME.fullmatch(self.model):
            raise InvalidParameterError(
                f"model must have {PLAIN_NAME_RULE}; found {self.model!r:.80}.", "model"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to do next with a dataset that was trained.

    Attributes:
        version: of the dataset, that the last finished training learned from.
        labels: images that are labelled now and were not in that version, or had another label.
        needed: from so many on, another training is worth it.
        run: a finished training whose model was compared and is newer than what serves: to accept.
    """

    version: int
    labels: int
    needed: int
    run: InstantRun | None


def labels_needed(images: int) -> int:
    """How many new labels make another training worth it, after one of ``images``: 5 %, and at
    least 20."""
    return max(_FEWEST_LABELS, -(-images * _LABELS_PER_HUNDRED // 100))
