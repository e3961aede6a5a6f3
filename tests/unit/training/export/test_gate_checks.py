"""What passes, what does not, and by how much."""

import numpy as np
import pytest

from training.export.gate_checks import (
    ClassDrop,
    Outputs,
    check_fp32,
    check_int8,
    top1_drop,
    worst_class_drop,
)
from visionflow.answers.classifier import FloatArray


def outputs(logits: FloatArray) -> Outputs:
    return Outputs(logits, np.zeros((1, 4), np.float32), np.zeros((1, 2, 3, 3), np.float32))


def answers(classes: list[int], count: int) -> FloatArray:
    """Logits that answer ``classes``."""
    return np.eye(count, dtype=np.float32)[classes] * 5


def failed(network: FloatArray, fp32: FloatArray) -> set[str]:
    checks = check_fp32(outputs(network), outputs(fp32))
    return {check.name for check in checks if not check.passed}


def test_rounding_passes_and_more_does_not() -> None:
    logits = answers([0, 1, 1], 2)
    assert failed(logits, logits + np.float32(0.0009)) == set()
    assert failed(logits, logits + np.float32(0.002)) == {"fp32_logit_difference"}


def test_the_tolerance_grows_with_the_logits() -> None:
    logits = 100 * answers([0, 1, 1], 2)
    assert failed(logits, logits + np.float32(0.02)) == set()


def test_another_answer_is_excused_only_by_a_tie() -> None:
    tie = np.array([[1.0, 1.0005], [3.0, 0.0]], np.float32)
    other = np.array([tie[0, ::-1], tie[1]], np.float32)
    assert failed(tie, other) == set()
    clear = np.array([[1.0, 1.5]], np.float32)
    assert "fp32_top1_changes" in failed(clear, clear[:, ::-1])


@pytest.mark.parametrize("output", ["embedding", "cam"])
def test_the_other_outputs_are_compared_too(output: str) -> None:
    reference = outputs(answers([0, 1], 2))
    other = {"embedding": reference.embedding, "cam": reference.cam}
    other[output] = other[output] + np.float32(0.01)
    checks = check_fp32(reference, Outputs(reference.logits, other["embedding"], other["cam"]))
    assert [check.name for check in checks if not check.passed] == [f"fp32_{output}_difference"]


def test_the_drop_counts_what_was_lost_against_what_was_gained() -> None:
    targets = np.array([0, 0, 1, 1], np.int64)
    fp32, int8 = answers([0, 0, 1, 0], 2), answers([0, 1, 0, 1], 2)
    assert top1_drop(fp32, int8, targets) == 0.25
    assert top1_drop(int8, fp32, targets) == -0.25


def test_a_class_may_lose_too_much_where_the_whole_does_not() -> None:
    targets = np.repeat(np.array([0, 1], np.int64), [970, 30])
    right = targets.tolist()
    wrong = right.copy()
    wrong[-3:] = [0, 0, 0]
    fp32, int8 = answers(right, 2), answers(wrong, 2)
    assert top1_drop(fp32, int8, targets) == 0.003
    worst = worst_class_drop(fp32, int8, targets, ("cat", "dog"), max_drop=0.05)
    assert worst == ClassDrop("dog", 0.1, 0.05)
    checks = check_int8(0.003, worst, latency_ratio=0.5, max_drop=0.005)
    assert [check.passed for check in checks] == [True, False, True]


def test_a_class_of_few_images_may_lose_one_of_them() -> None:
    targets = np.repeat(np.array([0, 1], np.int64), [40, 4])
    right = targets.tolist()
    one_lost, two_lost = right.copy(), right.copy()
    one_lost[-1:], two_lost[-2:] = [0], [0, 0]
    for wrong, passes in ((one_lost, True), (two_lost, False)):
        worst = worst_class_drop(
            answers(right, 2), answers(wrong, 2), targets, ("cat", "dog"), max_drop=0.05
        )
        assert (worst.label, worst.allowed) == ("dog", 0.25)
        assert (worst.drop <= worst.allowed) is passes


def test_a_class_without_images_is_not_judged() -> None:
    targets = np.zeros(3, np.int64)
    logits = answers([0, 0, 0], 2)
    assert worst_class_drop(logits, logits, targets, ("cat", "dog"), 0.05).label == "cat"


def test_as_fast_as_fp32_is_not_faster() -> None:
    checks = check_int8(0.0, ClassDrop("cat", 0.0, 0.05), latency_ratio=1.0, max_drop=0.005)
    assert not checks[-1].passed
