"""What a new record, feedback on it, or a shadow's answer adds to the counters."""

from collections import Counter

from visionflow.insights.counters import (
    Change,
    Row,
    counts_row,
    label_row,
    on_day,
    pair_row,
    trial_row,
)
from visionflow.insights.latencies import bucket
from visionflow.models.drift import read_sketch
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Trial
from visionflow.predictions.record import Feedback, Prediction

# Confidences are summed as whole millionths, so that the order of additions changes nothing.
MILLION = 1_000_000
# Of the answers with status unknown. The others are unsure: that was the only reason once, so what
# was counted before this counter existed is right too.
UNFAMILIAR = "unfamiliar"
# Images of an hour (UTC) of the day, for whoever's day begins at another hour.
HOUR = "hour."
# Records that were made on devices, by `Origin`; all others are from the cloud. Those of them that
# came without an image took nothing of a function, so no cost is counted for them.
ORIGIN, UNSENT = "origin.", "unsent"
# Of a version's answers to images that a device had answered by the same version: how often both
# have the same best label, and the difference of its confidences where they have.
COMPARED, AGREED, GAP = "device.compared", "device.agreed", "device.gap"
# By the way in (`Source`): images, and their milliseconds in the function and bytes, summed.
WAY, WAY_MS, WAY_BYTES = "way.", "way_ms.", "way_bytes."
# A histogram of the milliseconds in the function, all steps together, of what a version answered.
TOOK = "took."
# Feedback that has no row of a label: that none of the labels is right, and what was given to
# images that were shown because their answers were uncertain. Each as in a row of a label.
NONE = "none"
QUEUE = "queue"


def created(prediction: Prediction, sketch: bytes | None, trial: Trial | None) -> Change:
    """Of a new record. ``trial`` is what the rollback rule watches, if anything."""
    day, model = prediction.created_at[:10], prediction.model
    amounts: dict[Row, Counter[str]] = {}
    counts = amounts.setdefault(counts_row(day, model), Counter())
    counts[f"status.{prediction.status}"] += 1
    counts[UNFAMILIAR] += prediction.unknown_reason == "unfamiliar"
    if prediction.origin != "cloud":
        counts.update(_of_device(prediction))
    if prediction.has_image:
        _count_work(counts, prediction)
    if prediction.label is not None:
        amounts[label_row(day, model, prediction.label)] = on_day(day, {"label": 1})
    if prediction.confidence is not None:
        counts["confidence"] += round(prediction.confidence * MILLION)
    if (milliseconds := prediction.timings.get("infer")) is not None and model:
        counts[f"ms.{bucket(milliseconds)}"] += 1
    if sketch is not None:
        counts["sketches"] += 1
        for index, steps in enumerate(read_sketch(sketch)):
            counts[f"sum.{index}"] += steps
            counts[f"square.{index}"] += steps * steps
    if prediction.refused:
        amounts.setdefault(counts_row(day, prediction.refused), Counter())["errors"] += 1
    if trial and prediction.created_at >= trial.since and prediction.has_image:
        # What a device answered without its image may be older, and shows no function.
        amounts[trial_row(trial)] = _of_trial(prediction, trial)
    return Change(prediction.id, "created", amounts)


def _of_trial(prediction: Prediction, trial: Trial) -> Counter[str]:
    """What a record adds to the tally of the rollback rule."""
    tally = Counter[str]()
    if prediction.model == trial.model:
        tally["answers"] += 1
        tally["unknown"] += prediction.status == "unknown"
        tally["unfamiliar"] += prediction.unknown_reason == "unfamiliar"
    tally["errors"] += prediction.refused == trial.model
    return tally


def _of_device(prediction: Prediction) -> Counter[str]:
    """What a record adds because a device made it."""
    counts = Counter({f"{ORIGIN}{prediction.origin}": 1, UNSENT: int(not prediction.has_image)})
    if (compared := prediction.compared) is not None:
        counts[COMPARED] = 1
        counts[AGREED] = int(compared.agreed)
        counts[GAP] = round(compared.gap * MILLION)
    return counts


def _count_work(counts: Counter[str], prediction: Prediction) -> None:
    """When an image came, and what it took of the function that classified it."""
    counts[f"{HOUR}{prediction.created_at[11:13]}"] += 1
    if not prediction.timings:
        return
    milliseconds = sum(prediction.timings.values())
    counts[f"{WAY}{prediction.source}"] += 1
    counts[f"{WAY_MS}{prediction.source}"] += round(milliseconds)
    counts[f"{WAY_BYTES}{prediction.source}"] += prediction.image.bytes or 0
    if prediction.model and prediction.status != "failed":
        counts[f"{TOOK}{bucket(milliseconds)}"] += 1


def relabelled(
    prediction: Prediction, before: Feedback | None, after: Feedback | None, revision: int
) -> Change:
    """Of the ``revision``-th feedback on a record; the one before no longer counts."""
    amounts: dict[Row, Counter[str]] = {}
    for feedback, sign in ((before, -1), (after, 1)):
        if feedback:
            row, counts = _said(prediction, feedback)
            signed = {name: sign * n for name, n in counts.items()}
            amounts.setdefault(row, Counter()).update(signed)
    return Change(prediction.id, f"feedback#{revision}", amounts)


def _said(prediction: Prediction, feedback: Feedback) -> tuple[Row, Counter[str]]:
    day, model = prediction.created_at[:10], prediction.model
    right = int(prediction.is_right(feedback))
    if feedback.from_queue or feedback.label is None:
        kind = QUEUE if feedback.from_queue else NONE
        return counts_row(day, model), Counter({f"{kind}.given": 1, f"{kind}.right": right})
    return label_row(day, model, feedback.label), on_day(day, {"given": 1, "right": right})


def erased(prediction: Prediction, sketch: bytes | None) -> Change:
    """Of an erased record: it takes back what the record and its current feedback have added.

    What a trial has shown stays: a version on trial must not look better because what it failed at
    was erased, and a tally says nothing about an image.
    """
    amounts: dict[Row, Counter[str]] = {}
    for row, counts in created(prediction, sketch, None).amounts.items():
        amounts[row] = Counter({name: -n for name, n in counts.items()})
    for row, counts in relabelled(prediction, prediction.feedback, None, 0).amounts.items():
        amounts.setdefault(row, Counter()).update(counts)
    return Change(prediction.id, "erased", amounts)


def unshadowed(change: Change) -> Change:
    """Of a shadow's answer that is erased: ``change`` is what `shadowed` made of it."""
    amounts = {
        row: {name: -n for name, n in counts.items()} for row, counts in change.amounts.items()
    }
    return Change(change.prediction_id, f"un{change.revision}", amounts)


def shadowed(
    prediction: Prediction,
    shadow: ModelRef,
    confidence: float,
    milliseconds: float,
    trial: Trial | None,
    *,
    agreed: bool,
) -> Change:
    """Of a shadow's answer to an image that ``prediction.model`` has answered.

    Raises `ValueError` for an image that no version has answered.
    """
    if prediction.model is None or prediction.confidence is None:
        raise ValueError(f"no version has answered {prediction.id}")
    pair = Counter[str]()
    pair["compared"] += 1
    pair["agreed"] += agreed
    pair["confidence"] += round(confidence * MILLION)
    pair["served_confidence"] += round(prediction.confidence * MILLION)
    pair[f"ms.{bucket(milliseconds)}"] += 1
    amounts: dict[Row, Counter[str]] = {
        pair_row(prediction.created_at[:10], prediction.model, shadow): pair
    }
    if trial and prediction.created_at >= trial.since and trial.model in (shadow, prediction.model):
        amounts[trial_row(trial)] = Counter(compared=1, disagreed=int(not agreed))
    return Change(prediction.id, f"shadow#{shadow.name}#{shadow.version}", amounts)
