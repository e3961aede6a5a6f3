"""From a model's outputs to its answer, by the rules in model.json. It needs NumPy alone.

An image is `unfamiliar` when it is unlike all that the model was taught, and `unsure` when neither
a label nor a parent is certain enough. Which parent: the deepest whose confidence is enough.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MODEL = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
LABELS = [label["name"] for label in MODEL["labels"]]
_ABOVE = {node["name"]: node["parent"] for node in (*MODEL["labels"], *MODEL["parents"])}
_RULE = MODEL["familiarity"]
_TAUGHT = dict(np.load(HERE / _RULE["file"])) if _RULE else {}
_TAUGHT = {name: values.astype(np.float32) for name, values in _TAUGHT.items()}
_NEIGHBOUR, _OF_NEIGHBOURS, _OF_CLASS = 5, 0.2, 0.3


def answer(image, logits, embedding):
    """``image``: uint8 [1, size, size, 3]; ``logits``: [C]; ``embedding``: [F]."""
    shifted = np.exp((logits - logits.max()) / np.float32(MODEL["temperature"]))
    shares = shifted / shifted.sum()
    best = int(shares.argmax())
    label, confidence = _named(shares, best)
    unknown = "unsure" if confidence < MODEL["unknown_threshold"] else None
    if _RULE and _is_unfamiliar(image, embedding, best):
        unknown = "unfamiliar"
    return {
        "label": label,
        "confidence": round(float(confidence), 6),
        "unknown": unknown,
        "best": LABELS[best],
        "best_confidence": round(float(shares[best]), 6),
    }


def _parents(name):
    """From the bottom up."""
    while (name := _ABOVE[name]) is not None:
        yield name


def _named(shares, best):
    """The best label, or else the deepest parent, that reaches the threshold; of several of one
    depth the most confident. A parent of all labels says nothing."""
    if shares[best] >= MODEL["unknown_threshold"]:
        return LABELS[best], shares[best]
    sums, below = {}, {}
    for label, share in zip(LABELS, shares, strict=True):
        for parent in _parents(label):
            sums[parent] = sums.get(parent, 0.0) + float(share)
            below[parent] = below.get(parent, 0) + 1
    enough = [
        (len([*_parents(parent)]), share, parent)
        for parent, share in sums.items()
        if share >= MODEL["unknown_threshold"] and below[parent] < len(LABELS)
    ]
    if not enough:
        return LABELS[best], shares[best]
    _, share, parent = max(enough, key=lambda one: one[:2])
    return parent, min(share, 1.0)


def _is_unfamiliar(image, embedding, best):
    unit = embedding / max(float(np.linalg.norm(embedding)), 1e-30)
    similarity = _TAUGHT["directions"] @ (_TAUGHT["axes"] @ unit)
    nearest = np.argsort(similarity)[-_NEIGHBOUR:]
    usual = _OF_NEIGHBOURS * _TAUGHT["neighbourhood"][nearest].mean()
    usual += _OF_CLASS * _TAUGHT["class_mean"][best]
    return similarity[nearest[0]] - usual < _RULE["threshold"] or _blurred(image[0])


def _blurred(image):
    """Whether less changes within one pixel, compared with two, than in any image of the training:
    it was enlarged, or is out of focus."""
    green = image[..., 1].astype(np.int16)
    one, two = (
        np.abs(green[step:] - green[:-step]).mean()
        + np.abs(green[:, step:] - green[:, :-step]).mean()
        for step in (1, 2)
    )
    return (one / two if one > 0 else 0.5) < _RULE["least_detail"]
