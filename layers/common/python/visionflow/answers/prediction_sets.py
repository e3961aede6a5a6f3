"""The smallest set of labels that holds the true one with a stated probability.

Split conformal prediction with the confidence as the measure of conformity (Sadinle, Lei &
Wasserman 2019, arXiv:1609.00451): a label belongs to the set when its confidence is at least that
of the true label in all but a share ``1 - coverage`` of the validation images.
"""

from collections.abc import Sequence

from visionflow.answers.answer import Score
from visionflow.errors import CoverageUnmeasuredError, InvalidParameterError


def least_confidence(conformity: Sequence[float], coverage: float) -> float:
    """The confidence from which on a label belongs to the set.

    ``conformity``: the confidence in the true label of each validation image, rising. Raises
    `InvalidParameterError` for a ``coverage`` that is not between 0 and 1, or that these images are
    too few for; `CoverageUnmeasuredError` where there are none.
    """
    if not 0 < coverage < 1:
        raise InvalidParameterError(
            f"coverage must be between 0 and 1, such as 0.95; found {coverage:g}.", "coverage"
        )
    if not conformity:
        raise CoverageUnmeasuredError(
            "coverage was not measured for this model version; leave it out, or train and promote "
            "a new version.",
            "coverage",
        )
    # The n + 1 makes up for the finite number of images. A product like 20 * 0.05 may come out
    # below its whole number.
    place = int((len(conformity) + 1) * (1 - coverage) + 1e-9)
    if place == 0:
        most = len(conformity) / (len(conformity) + 1)
        raise InvalidParameterError(
            f"coverage is at most {most:.3f} for this model: it was measured on "
            f"{len(conformity)} validation images.",
            "coverage",
        )
    return conformity[place - 1]


def prediction_set(scores: Sequence[Score], least: float) -> tuple[str, ...]:
    """The labels of ``scores`` with a confidence of at least ``least``, best first.

    Empty where even the best label is less likely than the true one almost ever is.
    """
    return tuple(score.label for score in scores if score.confidence >= least)
