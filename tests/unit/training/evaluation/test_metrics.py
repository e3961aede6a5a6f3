import numpy as np
import pytest

from training.evaluation.metrics import evaluate, most_confused, top_k_accuracy
from training.results.scores import ConfusedPair, Confusion, Interval
from visionflow.insights.intervals import share

LABELS = ("cat", "dog", "frog")


def test_scores_of_a_small_example_worked_out_by_hand() -> None:
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.2, 0.3, 0.5]], np.float32
    )
    answered = probabilities.max(axis=1) >= 0.6
    result = evaluate(probabilities, np.array([0, 1, 1, 0]), LABELS, answered)
    assert result.top1 == 0.5
    assert result.confusion == Confusion((0, 0, 1, 1), (0, 2, 0, 1), (1, 1, 1, 1))
    cat, dog, _ = result.classes
    assert (cat.precision, cat.recall, cat.f1, cat.images, cat.answers) == (0.5, 0.5, 0.5, 2, 2)
    assert (dog.precision, dog.recall) == (1, 0.5)
    assert dog.f1 == pytest.approx(2 / 3)
    assert result.known == 0.75
    assert result.known_top1 == pytest.approx(2 / 3)
    assert (result.groups, result.few_groups) == (4, True)
    assert 0 <= result.ece_interval.low <= result.ece <= result.ece_interval.high
    assert result.loss == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.2]).mean(), rel=1e-6)
    half = share(2, 4)
    assert (result.top1_interval.low, result.top1_interval.high) == (half.low, half.high)
    assert cat.recall_interval == dog.recall_interval
    assert cat.recall_interval == Interval(share(1, 2).low, share(1, 2).high)


def test_what_is_answered_has_an_interval_of_its_own_by_independent_groups() -> None:
    probabilities = np.array([[0.9, 0.05, 0.05]] * 6 + [[0.4, 0.3, 0.3]] * 6, np.float32)
    answered = probabilities.max(axis=1) >= 0.6
    targets = np.array([0] * 5 + [1] * 7)
    alone = evaluate(probabilities, targets, LABELS, answered)
    assert (alone.answered, alone.known) == (6, 0.5)
    assert alone.known_top1 == pytest.approx(5 / 6)
    half, most = share(6, 12), share(5, 6)
    assert alone.known_interval == Interval(half.low, half.high)
    assert alone.known_top1_interval == Interval(most.low, most.high)
    pairs = evaluate(probabilities, targets, LABELS, answered, np.arange(12) // 2)
    assert pairs.known_interval == Interval(share(3, 6).low, share(3, 6).high)
    none = evaluate(probabilities, targets, LABELS, np.zeros(12, bool))
    assert none.known_top1_interval == Interval(0.0, 1.0)


@pytest.mark.parametrize(("classes", "tells"), [(3, False), (5, False), (6, True)])
def test_top_5_tells_something_of_more_than_five_classes_only(classes: int, tells: bool) -> None:
    probabilities = np.full((2, classes), 1 / classes, np.float32)
    labels = tuple(map(str, range(classes)))
    result = evaluate(probabilities, np.array([0, 1]), labels, np.ones(2, bool))
    assert result.tells_top5 is tells


def test_a_class_without_images_is_not_measured_and_not_in_the_macro_means() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], np.float32)
    result = evaluate(probabilities, np.array([0, 1, 1]), LABELS, np.ones(3, bool))
    frog = result.classes[2]
    assert (frog.images, frog.answers) == (0, 1)
    assert frog.precision is frog.recall is frog.f1 is None
    assert frog.recall_interval is None
    assert result.unmeasured == ("frog",)
    assert result.macro_precision == 1
    assert result.macro_recall == 0.75
    assert result.macro_f1 == pytest.approx((1 + 2 / 3) / 2)


def test_a_class_that_is_never_answered_has_no_precision_to_speak_of() -> None:
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2]], np.float32)
    answered = np.ones(2, bool)
    dog = evaluate(probabilities, np.array([0, 1]), LABELS[:2], answered).classes[1]
    assert (dog.precision, dog.recall, dog.f1) == (0, 0, 0)


def test_the_most_confused_come_by_rate_and_then_by_images() -> None:
    confusion = np.array([[90, 10, 0], [1, 8, 1], [20, 0, 80]])
    assert most_confused(confusion, LABELS, 3) == (
        ConfusedPair("frog", "cat", 20, 0.2),
        ConfusedPair("cat", "dog", 10, 0.1),
        ConfusedPair("dog", "cat", 1, 0.1),
    )
    assert most_confused(np.diag([3, 0, 4]), LABELS) == ()


def test_top_k_counts_a_class_among_the_k_best() -> None:
    scores = np.array([[3, 2, 1], [3, 2, 1], [3, 2, 1]], np.float32)
    targets = np.array([0, 1, 2])
    assert [top_k_accuracy(scores, targets, k) for k in (1, 2, 3)] == pytest.approx(
        [1 / 3, 2 / 3, 1]
    )


def test_images_of_few_groups_say_less() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    # All shots of a scene are right, or all are wrong.
    targets = (generator.random(40) < 0.8).astype(np.int64)[groups]
    probabilities = np.tile(np.array([[0.2, 0.8]], np.float32), (400, 1))
    answered = np.ones(400, bool)
    single = evaluate(probabilities, targets, LABELS[:2], answered)
    grouped = evaluate(probabilities, targets, LABELS[:2], answered, groups)
    assert (single.groups, grouped.groups, grouped.few_groups) == (400, 40, False)
    for name in ("top1_interval", "ece_interval"):
        narrow, wide = getattr(single, name), getattr(grouped, name)
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low), name
    assert evaluate(probabilities, targets, LABELS[:2], answered, groups // 2).few_groups
