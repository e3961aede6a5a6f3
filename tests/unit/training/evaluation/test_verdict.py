import pytest

from training.evaluation.verdict import Counts, fit_verdict
from training.results.history import EpochRecord, FitVerdict, Judgement, PhaseName, Untrained


def course(
    train: list[float],
    validation: list[float],
    losses: list[float] | None = None,
    phase: PhaseName = "scratch",
) -> tuple[EpochRecord, ...]:
    losses = losses or [1 - 0.01 * i for i in range(len(train))]
    return tuple(
        EpochRecord(phase, i, 0.1, 0.5, train_top1, loss, validation_top1, 1.0)
        for i, (train_top1, validation_top1, loss) in enumerate(
            zip(train, validation, losses, strict=True), 1
        )
    )


def judged(
    history: tuple[EpochRecord, ...], images: int = 1000, few_groups: int | None = None
) -> FitVerdict:
    return fit_verdict(history, Counts(4 * images, images), few_groups)


def test_validation_beside_training_is_a_good_fit() -> None:
    verdict = judged(course([0.5, 0.8, 0.9], [0.6, 0.85, 0.88]))
    assert (verdict.judgement, verdict.too_easy, verdict.best_epoch) == ("good", False, 3)
    assert verdict.gap == pytest.approx(0.02)
    assert "90.0% in training" in verdict.text and "88.0% in validation" in verdict.text
    assert "적절한 학습" in verdict.text_ko and "88.0%" in verdict.text_ko


def test_few_independent_groups_are_said_in_both_languages() -> None:
    history = course([0.5, 0.8, 0.9], [0.6, 0.85, 0.88])
    verdict = judged(history, few_groups=12)
    assert "12 independent groups" in verdict.text and "그룹 12개" in verdict.text_ko
    assert "independent" not in judged(history).text


def test_training_far_above_validation_is_overfitting() -> None:
    verdict = judged(course([0.7, 0.99], [0.7, 0.8]))
    assert verdict.judgement == "overfitting"
    assert verdict.text.startswith("Overfitting") and verdict.text_ko.startswith("과적합")


def test_a_validation_loss_that_rises_again_is_overfitting() -> None:
    verdict = judged(course([0.8, 0.85, 0.9], [0.8, 0.86, 0.84], [0.5, 0.4, 0.6]))
    assert verdict.judgement == "overfitting"
    assert verdict.loss_rise == pytest.approx(0.2)


def test_a_loss_that_rises_while_answers_stay_right_is_none() -> None:
    verdict = judged(course([0.8, 0.85, 0.9], [0.8, 0.85, 0.86], [0.5, 0.4, 0.6]))
    assert verdict.judgement == "good"


def test_a_loss_that_rises_from_one_phase_to_the_next_is_none() -> None:
    head = course([0.8], [0.8], [0.3], phase="head")
    body = course([0.85, 0.9], [0.85, 0.9], [0.6, 0.5], phase="body")
    assert judged(head + body).judgement == "good"


def test_low_scores_everywhere_are_underfitting() -> None:
    verdict = judged(course([0.3, 0.4], [0.3, 0.45]))
    assert verdict.judgement == "underfitting"
    assert verdict.text_ko.startswith("과소적합")


def test_heavy_augmentation_alone_is_no_underfitting() -> None:
    assert judged(course([0.3, 0.4], [0.8, 0.9])).judgement == "good"


def test_nothing_wrong_from_the_first_epoch_on_is_suspicious() -> None:
    easy = judged(course([0.9] * 10, [0.996] * 10))
    assert easy.judgement == "good" and easy.too_easy
    assert "visionflow data inspect" in easy.text and "visionflow data inspect" in easy.text_ko
    late = judged(course([0.9] * 10, [0.8] * 5 + [0.996] * 5))
    assert not late.too_easy


# Of two epochs with the same validation top-1, the loss of the early one is lower.
LEARNT_LATE = course([0.4, 1.0], [0.6, 0.6], [0.9, 0.91])


@pytest.mark.parametrize(
    ("history", "images", "judgement"),
    [
        (LEARNT_LATE, 1000, "good"),
        (course([0.4, 0.5], [0.6, 0.6]), 1000, "underfitting"),
        # Of 12 images, 60 % are as likely 85 %.
        (course([0.4, 0.5], [0.6, 0.65]), 12, "undecided"),
        (course([0.5, 0.99], [0.6, 0.8]), 1000, "overfitting"),
        # A gap of 19 points, and of 20 images one more or less is 5.
        (course([0.5, 0.99], [0.6, 0.8]), 20, "undecided"),
        # All right, and what few images are known for is little.
        (course([0.5, 1.0], [0.6, 1.0]), 10, "undecided"),
        (course([0.5, 1.0], [0.6, 1.0]), 40, "good"),
        # One of 40 images, and 8 of 400.
        (course([0.8, 0.9, 0.9], [0.8, 0.9, 0.875], [0.5, 0.4, 0.6]), 40, "undecided"),
        (course([0.8, 0.9, 0.9], [0.8, 0.9, 0.88], [0.5, 0.4, 0.6]), 400, "overfitting"),
    ],
)
def test_what_few_images_cannot_tell_is_left_open(
    history: tuple[EpochRecord, ...], images: int, judgement: Judgement
) -> None:
    verdict = judged(history, images)
    assert verdict.judgement == judgement
    assert "95 % interval" in verdict.text and "95 % 신뢰 구간" in verdict.text_ko


@pytest.mark.parametrize(
    ("untrained", "said"), [("adopted", "Adopted: "), ("ensemble", "Ensemble: ")]
)
def test_a_model_that_was_not_trained_here_is_not_judged(untrained: Untrained, said: str) -> None:
    verdict = fit_verdict((), Counts(10, 10), None, untrained)
    assert (verdict.judgement, verdict.gap) == (untrained, None)
    assert verdict.text.startswith(said) and verdict.text_ko
