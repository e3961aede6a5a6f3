"""How a record lies in the predictions table, and how it is read again, whoever wrote it.

DynamoDB bills a write by the kilobyte, once for the table and once for each index, so a record has
to stay below one. What is null or empty is not written, and neither is what a key of an index says:
label, owner and time. The rest is short: a version is its text, scores and facts of the image are
lists. Records from before lie there field by field, and are read as well until they expire.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from visionflow import strict
from visionflow.dynamodb import from_item
from visionflow.images.uploads import name_in_key
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import DeviceAnswer, Feedback, ImageRef, Prediction, original_key

SORT_KEY = "position"
# Its own attribute, because the stream's events encode bytes at the top alone.
_DIGEST = "sha256"
# Key of an index -> the field that it tells, before its shard.
_TOLD = {"label_shard": "label", "owner_shard": "owner"}
_VERSIONS = ("model", "refused")

# What is not written, and what records from before a field existed do not have.
_ABSENT: dict[str, Any] = {
    "label": None,
    "confidence": None,
    "top_k": [],
    "model": None,
    "thumbnail_key": None,
    "timings": {},
    "error": None,
    "parents": [],
    "feedback": None,
    "refused": None,
    "unknown_reason": None,
    "familiarity": None,
    "owner": None,
    "filename": None,
    "origin": "cloud",
    "made_at": None,
    "device": None,
}
_LATER_FEEDBACK: dict[str, Any] = {
    "parents": [],
    "is_parent": False,
    "weight": 1,
    "from_queue": False,
}


def written(prediction: Prediction) -> dict[str, Any]:
    """The attributes of a new record beside the keys of its indexes."""
    data: dict[str, Any] = strict.to_dict(prediction)
    for told in ("created_at", *_TOLD.values()):
        del data[told]
    for version in _VERSIONS:
        ref: ModelRef | None = getattr(prediction, version)
        data[version] = ref and ref.text
    data["top_k"] = [part for score in data["top_k"] for part in score.values()]
    image = prediction.image
    key = None if image.key == original_key(prediction.id) else image.key
    data["image"] = [image.bucket, key, image.version_id, image.width, image.height, image.bytes]
    if (said := prediction.device) is not None:
        data["device"] = [*[*vars(said).values()][:-1], said.model.text]
    if prediction.origin == "cloud":
        del data["origin"]
    if image.sha256 is not None:
        data[_DIGEST] = bytes.fromhex(image.sha256)
    return {name: value for name, value in data.items() if value not in (None, [], {})}


def read_prediction(item: Mapping[str, Any]) -> Prediction:
    """A record from its item, as attribute values.

    Index keys are left out, and so is what a newer version of this code may have added; what an
    older one could not know is null, and what it kept elsewhere is taken from there.
    """
    fields = (*Prediction.__dataclass_fields__, *_TOLD, SORT_KEY, _DIGEST)
    found = from_item({name: item[name] for name in fields if name in item})
    known = _unpacked(found)
    if isinstance(known.get("feedback"), dict):
        known["feedback"] = known_feedback(known["feedback"])
    if known.get("status") == "unknown":
        # Before there was a second reason, all answers of this status had this one.
        known = {"unknown_reason": "unsure", **known}
    prediction = strict.parse(Prediction, _ABSENT | known, "prediction")
    key = prediction.image.key
    if prediction.filename is not None or prediction.source != "s3" or key is None:
        return prediction
    return replace(prediction, filename=name_in_key(key))


def _unpacked(found: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record as `strict` reads them."""
    told = {field: found[key].rpartition("#")[0] for key, field in _TOLD.items() if key in found}
    known = {name: found[name] for name in Prediction.__dataclass_fields__ if name in found}
    if SORT_KEY in found:
        told["created_at"] = found[SORT_KEY].partition("#")[0]
    for version in _VERSIONS:
        if isinstance(known.get(version), str):
            known[version] = _version(known[version])
    parts = known.get("top_k", [])
    if parts and not isinstance(parts[0], dict):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        known["top_k"] = [{"label": label, "confidence": value} for label, value in pairs]
    if isinstance(known.get("image"), list):
        digest = found.get(_DIGEST)
        sha256 = None if digest is None else bytes(digest).hex()
        image = dict(zip(ImageRef.__dataclass_fields__, [*known["image"], sha256], strict=True))
        if image["bucket"] is not None and image["key"] is None:
            image["key"] = original_key(str(known.get("id")))
        known["image"] = image
    if isinstance(known.get("device"), list):
        device = dict(zip(DeviceAnswer.__dataclass_fields__, known["device"], strict=True))
        known["device"] = device | {"model": _version(device["model"])}
    return told | known


def _version(text: str) -> dict[str, str]:
    name, _, number = text.partition("/")
    return {"name": name, "version": number}


def known_feedback(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Feedback` in its data, which may be of older or newer code."""
    known = {name: data[name] for name in Feedback.__dataclass_fields__ if name in data}
    return _LATER_FEEDBACK | known
