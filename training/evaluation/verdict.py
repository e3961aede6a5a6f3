"""Over- or underfitting, in words, from the course of the training."""

import math
from dataclasses import dataclass
from typing import Literal

from training.fit.history import EpochRecord, best_record

Judgement = Literal["good", "overfitting", "underfitting"]

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


@dataclass(frozen=True)
class FitVerdict:
    """How the training went, judged at its ``best_epoch`` by validation top-1.

    ``gap``: training top-1 minus validation top-1 there. ``loss_rise``: how far the validation loss
    of the last phase ended above its minimum, in nats. ``too_easy``: nearly nothing was wrong from
    the first epochs on, so the set is easy or images of it are in both parts. ``text`` and
    ``text_ko`` say it in English and Korean.
    """

    judgement: Judgement
    too_easy: bool
    best_epoch: int
    gap: float
    loss_rise: float
    text: str
    text_ko: str


def fit_verdict(history: tuple[EpochRecord, ...]) -> FitVerdict:
    """Judge a ``history`` of at least one epoch."""
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
    return FitVerdict(
        judgement=judgement,
        too_easy=too_easy,
        best_epoch=best.epoch,
        gap=gap,
        loss_rise=rise,
        text=_english(judgement, best, rise, too_easy),
        text_ko=_korean(judgement, best, rise, too_easy),
    )


def _english(judgement: Judgement, best: EpochRecord, rise: float, too_easy: bool) -> str:
    meaning = {
        "good": "A good fit: validation keeps up with training.",
        "overfitting": "Overfitting: the network does better on images it has seen than on "
        "others. More images, stronger augmentation, more dropout or fewer epochs help.",
        "underfitting": "Underfitting: even the training images are not learned well. A larger "
        "or pretrained network, more epochs or a higher learning rate help.",
    }[judgement]
    facts = (
        f" At epoch {best.epoch}, the best, top-1 is {best.train_top1:.1%} in training "
        f"and {best.validation_top1:.1%} in validation; the validation loss ended "
        f"{rise:.3f} nats above its minimum."
    )
    warning = (
        " Nearly nothing was wrong from the first epochs on: the images may be too easy, or the "
        "same ones may be in training and validation; `visionflow data inspect` finds those."
    )
    return meaning + facts + (warning if too_easy else "")


def _korean(judgement: Judgement, best: EpochRecord, rise: float, too_easy: bool) -> str:
    meaning = {
        "good": "적절한 학습: 검증 성능이 학습 성능과 나란히 갑니다.",
        "overfitting": "과적합: 이미 본 이미지에서 처음 보는 이미지보다 훨씬 잘 맞힙니다. 이미지를 "
        "늘리거나, 증강이나 드롭아웃을 강하게 하거나, 에포크를 줄이세요.",
        "underfitting": "과소적합: 학습 이미지조차 충분히 배우지 못했습니다. 더 크거나 사전 학습된 "
        "모델, 더 많은 에포크, 더 높은 학습률을 쓰세요.",
    }[judgement]
    facts = (
        f" 가장 좋은 {best.epoch} 에포크의 top-1은 학습 {best.train_top1:.1%}, "
        f"검증 {best.validation_top1:.1%}이며, 검증 손실은 최솟값보다 {rise:.3f} nat 높게 "
        "끝났습니다."
    )
    warning = (
        " 처음부터 거의 틀리지 않았습니다. 너무 쉬운 데이터이거나 같은 이미지가 학습과 검증에 함께 "
        "있을 수 있으니 `visionflow data inspect`로 확인하세요."
    )
    return meaning + facts + (warning if too_easy else "")
