"""Versions side by side, from the counters and from what shadows answered to fed-back images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from lambdas.api.trees import Trees
from visionflow.insights.accuracy import by_feedback
from visionflow.insights.changes import MILLION, UNFAMILIAR
from visionflow.insights.counters import Counted, CounterStore, Pair, by_model
from visionflow.insights.intervals import share
from visionflow.insights.latencies import percentile
from visionflow.insights.shadows import ShadowStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Prediction
from visionflow.predictions.reviews import ReviewStore

# Of the images with feedback, the latest: the shadows' answers to them are read one by one.
MAX_FED_BACK = 1_000


@dataclass(frozen=True)
class Accuracy:
    """Of fed-back images, with a 95 % Wilson interval."""

    n: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class ComparedModel:
    """One version beside the others.

    ``n`` images it answered, ``unknown`` of them because it was ``unsure`` or because they were
    ``unfamiliar``, and ``compared`` that it and the first version in the comparison
    both saw, one of them as the shadow; ``agreement`` is the share of those where neither
    contradicts the other, by the best label or a parent; ``confidence_shift`` the mean confidence
    above the first one's. ``p50_ms`` and ``p95_ms`` are of inference. ``feedback`` counts its
    answers, also as the shadow, to images with feedback that were not in the queue of the least
    certain ones. That an image shows none of the labels of the version that answered counts for a
    shadow only where it has no other labels.
    """

    name: str
    version: str
    n: int
    unknown: int
    unsure: int
    unfamiliar: int
    errors: int
    compared: int
    agreement: float | None
    mean_confidence: float | None
    confidence_shift: float | None
    p50_ms: float | None
    p95_ms: float | None
    feedback: Accuracy | None


@dataclass(frozen=True)
class ModelComparison:
    """``first_day`` and ``last_day`` (UTC, inclusive) are what was counted."""

    items: tuple[ComparedModel, ...]
    first_day: str
    last_day: str


@dataclass(frozen=True)
class Comparison:
    """What a comparison reads."""

    counters: CounterStore
    reviews: ReviewStore
    shadows: ShadowStore
    trees: Trees

    def of(self, models: Sequence[ModelRef], first_day: str, last_day: str) -> ModelComparison:
        """Each of ``models`` beside the first, over the days from ``first_day`` to ``last_day``."""
        days = self.counters.days(first_day, last_day)
        counted = by_model([*days, *self.counters.labels(first_day, last_day)])
        pairs = self.counters.pairs(first_day, last_day)
        fed_back = [
            prediction
            for prediction in islice(self.reviews.given(newest_first=True), MAX_FED_BACK)
            if first_day <= prediction.created_at[:10] <= last_day
        ]
        items = tuple(
            self._compared(
                counted.get(model, Counted("", model)), model, models[0], pairs, fed_back
            )
            for model in models
        )
        return ModelComparison(items, first_day, last_day)

    def _compared(
        self,
        own: Counted,
        model: ModelRef,
        base: ModelRef,
        pairs: list[Pair],
        fed_back: list[Prediction],
    ) -> ComparedModel:
        as_shadow = Counted("", model)
        for pair in pairs:
            if pair.shadow == model:
                as_shadow.amounts.update(pair.amounts)
        answered = own["status.ok"] + own["status.unknown"]
        seen = answered + as_shadow["compared"]
        confidence = own["confidence"] + as_shadow["confidence"]
        latencies = Counter[int]()
        for counted in (own, as_shadow):
            latencies.update({int(ms): n for ms, n in counted.under("ms.").items()})
        compared, agreed, shift = _beside(model, base, pairs)
        return ComparedModel(
            name=model.name,
            version=model.version,
            n=answered,
            unknown=own["status.unknown"],
            unsure=own["status.unknown"] - own[UNFAMILIAR],
            unfamiliar=own[UNFAMILIAR],
            errors=own["errors"],
            compared=compared,
            agreement=_ratio(agreed, compared),
            mean_confidence=_ratio(confidence / MILLION, seen),
            confidence_shift=_ratio(shift / MILLION, compared),
            p50_ms=percentile(latencies, 0.5),
            p95_ms=percentile(latencies, 0.95),
            feedback=self._feedback(model, own, fed_back),
        )

    def _feedback(
        self, model: ModelRef, own: Counted, fed_back: list[Prediction]
    ) -> Accuracy | None:
        as_production = by_feedback(own)
        n, right = as_production.n, as_production.correct
        said = {
            p.id: (p.feedback.label, p.model)
            for p in fed_back
            if p.feedback and not p.feedback.from_queue and p.model != model
        }
        answers = self.shadows.of(list(said), [model])
        # By its own tree, which may differ from that of the version that answered.
        tree = self.trees.find(model) if answers else None
        for answer in answers:
            label, served = said[answer.prediction_id]
            if label is not None:
                n += 1
                right += tree.covers(answer.label, label) if tree else answer.label == label
            elif served and self._within(model, served):
                n += 1
                right += answer.status == "unknown"
        if n == 0:
            return None
        found = share(right, n)
        return Accuracy(n, right / n, found.low, found.high)

    def _within(self, shadow: ModelRef, served: ModelRef) -> bool:
        """Whether all labels of ``shadow`` are labels of ``served``: only then, what shows none of
        these shows none of the shadow's either."""
        trees = [self.trees.find(model) for model in (shadow, served)]
        own, others = ({label.name for label in tree.labels} if tree else None for tree in trees)
        return own is not None and others is not None and own <= others


def _beside(model: ModelRef, base: ModelRef, pairs: list[Pair]) -> tuple[int, int, int]:
    """Images that both saw, same labels, and millionths of confidence above ``base``."""
    compared = agreed = shift = 0
    for pair in pairs:
        sign = {(base, model): 1, (model, base): -1}.get((pair.served, pair.shadow), 0)
        if sign:
            compared += pair.amounts["compared"]
            agreed += pair.amounts["agreed"]
            shift += sign * (pair.amounts["confidence"] - pair.amounts["served_confidence"])
    return compared, agreed, shift


def _ratio(amount: float, n: int) -> float | None:
    return round(amount / n, 6) if n else None
