import pytest

from training.evaluation.verdict import fit_verdict
from training.results.history import EpochRecord, PhaseName


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


def test_validation_beside_training_is_a_good_fit() -> None:
    verdict = fit_verdict(course([0.5, 0.8, 0.9], [0.6, 0.85, 0.88]))
    assert (verdict.judgement, verdict.too_easy, verdict.best_epoch) == ("good", False, 3)
    assert verdict.gap == pytest.approx(0.02)
    assert "90.0% in training" in verdict.text and "88.0% in validation" in verdict.text
    assert "적절한 학습" in verdict.text_ko and "88.0%" in verdict.text_ko


def test_few_independent_groups_are_said_in_both_languages() -> None:
    history = course([0.5, 0.8, 0.9], [0.6, 0.85, 0.88])
    verdict = fit_verdict(history, few_groups=12)
    assert "12 independent groups" in verdict.text and "그룹 12개" in verdict.text_ko
    assert "independent" not in fit_verdict(history).text


def test_training_far_above_validation_is_overfitting() -> None:
    verdict = fit_verdict(course([0.7, 0.99], [0.7, 0.8]))
    assert verdict.judgement == "overfitting"
    assert verdict.text.startswith("Overfitting") and verdict.text_ko.startswith("과적합")


def test_a_validation_loss_that_rises_again_is_overfitting() -> None:
    verdict = fit_verdict(course([0.8, 0.85, 0.9], [0.8, 0.86, 0.84], [0.5, 0.4, 0.6]))
    assert verdict.judgement == "overfitting"
    assert verdict.loss_rise == pytest.approx(0.2)


def test_a_loss_that_rises_while_answers_stay_right_is_none() -> None:
    verdict = fit_verdict(course([0.8, 0.85, 0.9], [0.8, 0.85, 0.86], [0.5, 0.4, 0.6]))
    assert verdict.judgement == "good"


def test_a_loss_that_rises_from_one_phase_to_the_next_is_none() -> None:
    head = course([0.8], [0.8], [0.3], phase="head")
    body = course([0.85, 0.9], [0.85, 0.9], [0.6, 0.5], phase="body")
    assert fit_verdict(head + body).judgement == "good"


def test_low_scores_everywhere_are_underfitting() -> None:
    verdict = fit_verdict(course([0.3, 0.4], [0.3, 0.45]))
    assert verdict.judgement == "underfitting"
    assert verdict.text_ko.startswith("과소적합")


def test_heavy_augmentation_alone_is_no_underfitting() -> None:
    assert fit_verdict(course([0.3, 0.4], [0.8, 0.9])).judgement == "good"


def test_nothing_wrong_from_the_first_epoch_on_is_suspicious() -> None:
    easy = fit_verdict(course([0.9] * 10, [0.996] * 10))
    assert easy.judgement == "good" and easy.too_easy
    assert "visionflow data inspect" in easy.text and "visionflow data inspect" in easy.text_ko
    late = fit_verdict(course([0.9] * 10, [0.8] * 5 + [0.996] * 5))
    assert not late.too_easy
