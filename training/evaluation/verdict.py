"""Over- or underfitting, in words, from the course of the training.

| best epoch, and the highest top-1 of any epoch | judgement |
|---|---|
| top-1 is below 70 % everywhere, its interval too | underfitting |
| training lies more than 10 points above validation, by the gap's interval too | overfitting |
| validation loss and wrong answers grew to the end, by more than chance | overfitting |
| one of these holds, and its interval holds the opposite too | undecided |
| none holds, but with few groups the gap's interval reaches above 10 points | undecided |
| none holds | good |
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from training.evaluation.intervals import FEW_GROUPS
from training.results.history import EpochRecord, FitVerdict, Judgement, Untrained, best_record
from training.results.scores import Interval
from training.texts.catalogue import Text, text
from visionflow.insights.intervals import share

# Augmentation usually keeps training top-1 below that of validation; this far
# above it, the network knows its training images by heart.
OVERFITTING_GAP = 0.10
# How far the validation loss may end above its minimum: as a share of that, and at least in nats.
RELATIVE_RISE = 0.10
LEAST_RISE = 0.05
# Smoothed labels and growing doubt raise the loss too: only with fewer right answers it counts.
LEAST_FALL = 0.01
# Of images that were right at the best epoch and are wrong at the last: fewer may be chance, also
# if none went the other way (McNemar 1947, https://doi.org/10.1007/BF02295996).
LEAST_FALLEN = 3.84
UNDERFITTING_TOP1 = 0.70
TOO_EASY_TOP1 = 0.995
# Of all epochs, rounded up.
EARLY_SHARE = 0.2


class Counts(NamedTuple):
    """How many independent images, or groups of them, the top-1 of a part rests on."""

    train: int
    validation: int


def fit_verdict(
    history: tuple[EpochRecord, ...],
    counts: Counts,
    few_groups: int | None = None,
    untrained: Untrained = "adopted",
) -> FitVerdict:
    """Judge a ``history``, which is empty of a model that was not trained here: ``untrained`` says
    why.

    ``few_groups``: how many independent groups the scores rest on, where these are too few.
    """
    said = [] if few_groups is None else [text("verdict.few_groups", groups=few_groups)]
    if not history:
        return _verdict(FitVerdict(untrained, False, 0, None, None, "", ""), said)
    best = best_record(history)
    losses = [r.validation_loss for r in history if r.phase == history[-1].phase]
    rise = losses[-1] - min(losses)
    early = history[: math.ceil(EARLY_SHARE * len(history))]
    too_easy = any(record.validation_top1 >= TOO_EASY_TOP1 for record in early)
    interval = _interval(best.validation_top1, counts.validation)
    facts = text(
        "verdict.facts",
        epoch=best.epoch,
        train=best.train_top1,
        validation=best.validation_top1,
        low=interval.low,
        high=interval.high,
        rise=rise,
    )
    easy = [text("verdict.too_easy")] if too_easy else []
    found = FitVerdict(
        judgement=_judgement(history, best, rise > _allowed_rise(losses), counts),
        too_easy=too_easy,
        best_epoch=best.epoch,
        gap=best.train_top1 - best.validation_top1,
        loss_rise=rise,
        text="",
        text_ko="",
    )
    return _verdict(found, [facts, *easy, *said])


def _judgement(
    history: tuple[EpochRecord, ...], best: EpochRecord, rises: bool, counts: Counts
) -> Judgement:
    # Of epochs that are equal in validation an early one may be the best: what was learnt after it
    # counts too.
    train = max(record.train_top1 for record in history)
    reached = max((train, counts.train), (best.validation_top1, counts.validation))
    if reached[0] < UNDERFITTING_TOP1:
        return "underfitting" if _interval(*reached).high < UNDERFITTING_TOP1 else "undecided"
    fall = best.validation_top1 - history[-1].validation_top1
    falls = rises and fall > LEAST_FALL
    gap = best.train_top1 - best.validation_top1
    low, high = _gap_interval(best, counts)
    if low > OVERFITTING_GAP or (falls and fall * counts.validation > LEAST_FALLEN):
        return "overfitting"
    if gap > OVERFITTING_GAP or falls:
        return "undecided"
    if high > OVERFITTING_GAP and counts.validation < FEW_GROUPS:
        return "undecided"
    return "good"


def _allowed_rise(losses: Sequence[float]) -> float:
    return max(LEAST_RISE, RELATIVE_RISE * min(losses))


def _gap_interval(best: EpochRecord, counts: Counts) -> tuple[float, float]:
    """95 % of training less validation top-1, by Newcombe's hybrid of Wilson's intervals."""
    train, validation = best.train_top1, best.validation_top1
    seen, held_out = _interval(train, counts.train), _interval(validation, counts.validation)
    return (
        train - validation - math.hypot(train - seen.low, held_out.high - validation),
        train - validation + math.hypot(seen.high - train, validation - held_out.low),
    )


def _interval(top1: float, count: int) -> Interval:
    found = share(round(top1 * count), count)
    return Interval(found.low, found.high)


def _verdict(found: FitVerdict, facts: Sequence[Text]) -> FitVerdict:
    """``found`` in words."""
    said = [text(f"verdict.judgement.{found.judgement}"), *facts]
    return replace(
        found,
        text=" ".join(part.en for part in said),
        text_ko=" ".join(part.ko for part in said),
    )
