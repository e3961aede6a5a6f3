"""Try ways to int8, the cheapest first, until one passes the gate."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from training.config import ExportConfig
from training.data.image_set import ImageSet
from training.export import gate_checks
from training.export.graph.quantize import Quantizer
from training.export.graph.ranges import RANGE_RULES, RangeRule
from training.export.graph.sensitivity import rank_nodes
from training.export.latency import Measure, Run
from training.results.report import LadderStep
from training.stop import check_stop
from visionflow.answers.classifier import Classifier
from visionflow.models.manifest import GateCheck, Quantization
from visionflow.sentences import say


@dataclass(frozen=True, eq=False)
class Attempt:
    """One int8 form and how the gate judged it."""

    step: LadderStep
    calibration: RangeRule
    without: tuple[str, ...]
    """The nodes that were left in fp32 because they are sensitive."""
    model: bytes
    outputs: gate_checks.Outputs
    distance: float
    """Mean squared difference of the logits from those of fp32."""
    checks: tuple[GateCheck, ...]

    @property
    def faster(self) -> bool:
        return self.checks[-1].passed


@dataclass(frozen=True, eq=False)
class Climb:
    """Everything that was tried, and the form that passed, if one did."""

    steps: tuple[LadderStep, ...]
    accepted: Attempt | None
    quantization: Quantization
    """How the accepted form was made, or why none was accepted."""


class Judge:
    """Measures int8 forms of one fp32 model on the validation images."""

    def __init__(
        self,
        fp32: Classifier,
        fp32_outputs: gate_checks.Outputs,
        validation: ImageSet,
        limits: ExportConfig,
        measure: Measure,
    ) -> None:
        """``fp32`` runs on one thread, as it serves."""
        self.fp32 = fp32
        self._fp32_logits = fp32_outputs.logits
        self._validation = validation
        self._limits = limits
        self._measure = measure
        self._ratios: dict[tuple[str, ...], float] = {}

    def attempt(self, model: bytes, calibration: RangeRule, without: tuple[str, ...]) -> Attempt:
        """Judge one form by everything, also when one check has failed."""
        validation, manifest = self._validation, self.fp32.manifest
        int8 = Classifier(model, manifest)
        outputs = gate_checks.session_outputs(int8, validation.images)
        logits, targets = (self._fp32_logits, outputs.logits), validation.targets
        drop = gate_checks.top1_drop(*logits, targets)
        worst = gate_checks.worst_class_drop(
            *logits, targets, validation.labels, self._limits.max_class_drop
        )
        if without not in self._ratios:
            # The calibration changes numbers, not nodes, so it does not change the latency.
            self._ratios[without] = self._latency_ratio(int8)
        ratio = self._ratios[without]
        checks = gate_checks.check_int8(drop, worst, ratio, self._limits.max_accuracy_drop)
        reason = _reason(checks, worst.label)
        step = LadderStep(
            name=_name(calibration, without),
            passed=reason is None,
            top1_drop=drop,
            worst_class=worst.label,
            worst_class_drop=worst.drop,
            speedup=1 / ratio,
            reason=reason,
        )
        distance = float(np.square(outputs.logits - self._fp32_logits).mean())
        return Attempt(step, calibration, without, model, outputs, distance, checks)

    def _latency_ratio(self, int8: Classifier) -> float:
        image = self._validation.images[:1]
        runs: dict[str, Run] = {
            "fp32": lambda: self.fp32.run(image),
            "int8": lambda: int8.run(image),
        }
        return self._measure(runs).ratio("int8", "fp32")


def climb(
    quantizer: Quantizer,
    judge: Judge,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Climb:
    """Try the calibrations, then leave the most sensitive nodes in fp32 with the closest of them.

    It ends at the first form that passes; at one that is not faster than fp32, since more fp32
    would not make it faster; or after ``seconds``, but never before the first form.
    """
    deadline = clock() + seconds

    def out_of_time() -> bool:
        check_stop()
        return clock() >= deadline

    attempts: list[Attempt] = []
    for calibration, without in _rungs(quantizer, judge, attempts, out_of_time):
        model = quantizer.quantize(calibration, without).SerializeToString()
        attempts.append(judge.attempt(model, calibration, without))
        last = attempts[-1]
        if last.step.passed or not last.faster or out_of_time():
            break
    steps = tuple(attempt.step for attempt in attempts)
    if last.step.passed:
        return Climb(steps, last, _quantization(quantizer, last))
    if not last.faster:
        return Climb(
            steps,
            None,
            not_quantized(say("form_failed", form=last.step.name, reason=last.step.reason)),
        )
    closest = _closest(attempts).step
    code = "closest_form_in_time" if out_of_time() else "closest_form"
    tried = {"form": closest.name, "count": len(steps), "reason": closest.reason}
    return Climb(steps, None, not_quantized(say(code, **tried, seconds=seconds)))


def not_quantized(reason: str) -> Quantization:
    """What the manifest says when fp32 serves."""
    return Quantization("none", "none", 0, (), reason)


def _quantization(quantizer: Quantizer, attempt: Attempt) -> Quantization:
    return Quantization(
        scheme=quantizer.scheme,
        calibration=attempt.calibration,
        calibration_images=len(quantizer.images),
        excluded_nodes=(*quantizer.fixed, *attempt.without),
        fallback_reason=None,
    )


def _rungs(
    quantizer: Quantizer,
    judge: Judge,
    attempts: list[Attempt],
    out_of_time: Callable[[], bool],
) -> Iterator[tuple[RangeRule, tuple[str, ...]]]:
    """The rule of the ranges and the nodes to leave out, given the ``attempts`` up to there."""
    for calibration in RANGE_RULES:
        yield calibration, ()
    calibration = _closest(attempts).calibration
    ranked = rank_nodes(quantizer, calibration, judge.fp32, out_of_time)
    count = 1
    while count <= len(ranked) // 2:
        yield calibration, ranked[:count]
        count *= 2


def _closest(attempts: list[Attempt]) -> Attempt:
    """By the logits: on a few hundred images the accuracies of two similar forms differ by
    chance."""
    return min(attempts, key=lambda attempt: attempt.distance)


def _name(calibration: RangeRule, without: tuple[str, ...]) -> str:
    if not without:
        return calibration
    return say("nodes_in_fp32", calibration=calibration, nodes=len(without))


def _reason(checks: tuple[GateCheck, ...], worst_class: str) -> str | None:
    """What failed, in words; None where nothing did."""
    top1, worst, latency = checks
    failures = []
    if not top1.passed:
        failures.append(say("lost_top1", lost=100 * top1.value, allowed=100 * top1.limit))
    if not worst.passed:
        lost, allowed = 100 * worst.value, 100 * worst.limit
        failures.append(say("class_lost", label=worst_class, lost=lost, allowed=allowed))
    if not latency.passed:
        failures.append(say("not_faster", ratio=latency.value))
    return "; ".join(failures) or None
