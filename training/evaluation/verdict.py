"""Over- or underfitting, in words, from the course of the training."""

import math
from collections.abc import Sequence
from dataclasses import replace

from training.results.history import EpochRecord, FitVerdict, Judgement, best_record
from training.texts.catalogue import Text, text

# Augmentation usually keeps training top-1 below that of validation; this far
# above it, the network knows its training images by heart.
OVERFITTING_GAP = 0.10
# How far the validation loss may end above its minimum: as a share of that, and at least in nats.
RELATIVE_RISE = 0.10
LEAST_RISE = 0.05
# Smoothed labels and growing doubt raise the loss too: only with fewer right answers it counts.
LEAST_FALL = 0.01
UNDERFITTING_TOP1 = 0.70
TOO_EASY_TOP1 = 0.995
# Of all epochs, rounded up.
EARLY_SHARE = 0.2


def fit_verdict(history: tuple[EpochRecord, ...], few_groups: int | None = None) -> FitVerdict:
    """Judge a ``history``, which is empty of a model that was trained elsewhere.

    ``few_groups``: how many independent groups the scores rest on, where these are too few.
    """
    said = [] if few_groups is None else [text("verdict.few_groups", groups=few_groups)]
    if not history:
        return _verdict(FitVerdict("adopted", False, 0, None, None, "", ""), said)
    best = best_record(history)
    losses = [r.validation_loss for r in history if r.phase == history[-1].phase]
    rise = losses[-1] - min(losses)
    rises = rise > max(LEAST_RISE, RELATIVE_RISE * min(losses))
    falls = best.validation_top1 - history[-1].validation_top1 > LEAST_FALL
    gap = best.train_top1 - best.validation_top1
    judgement: Judgement = "good"
    if max(best.train_top1, best.validation_top1) < UNDERFITTING_TOP1:
        judgement = "underfitting"
    elif gap > OVERFITTING_GAP or (rises and falls):
        judgement = "overfitting"
    early = history[: math.ceil(EARLY_SHARE * len(history))]
    too_easy = any(record.validation_top1 >= TOO_EASY_TOP1 for record in early)
    facts = text(
        "verdict.facts",
        epoch=best.epoch,
        train=best.train_top1,
        validation=best.validation_top1,
        rise=rise,
    )
    easy = [text("verdict.too_easy")] if too_easy else []
    return _verdict(
        FitVerdict(judgement, too_easy, best.epoch, gap, rise, "", ""), [facts, *easy, *said]
    )


def _verdict(found: FitVerdict, facts: Sequence[Text]) -> FitVerdict:
    """``found`` in words."""
    said = [text(f"verdict.judgement.{found.judgement}"), *facts]
    return replace(
        found,
        text=" ".join(part.en for part in said),
        text_ko=" ".join(part.ko for part in said),
    )
