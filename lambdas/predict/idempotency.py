"""`Idempotency-Key`: the same request again gets the first answer again, and makes no other record.

The record is its own lock. Its id is made from the caller and the key, and it is written with a
condition, so of any number of requests with one key exactly one writes it. There is no state
between "nothing" and "answered": a request that dies before it writes has left nothing that a
second one would have to wait for.
"""

import hashlib
import json
from dataclasses import dataclass

from visionflow import strict
from visionflow.errors import InvalidParameterError
from visionflow.predictions.device import DeviceResult
from visionflow.predictions.record import KEY, keyed_id

HEADER = "Idempotency-Key"


@dataclass(frozen=True)
class PredictOptions:
    """How an image is to be answered.

    ``top_k``: labels, 5 by default. ``explain``: whether to answer a map of
    ``label``, by default the answer. ``coverage``: that of the prediction set to answer.
    ``device``: what a device answered to the image before it was sent.
    """

    top_k: int | None = None
    explain: bool = False
    label: str | None = None
    coverage: float | None = None
    device: DeviceResult | None = None


@dataclass(frozen=True)
class IdempotencyKey:
    """A caller's key; ``caller`` is the caller's id."""

    key: str
    caller: str

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise InvalidParameterError(
                f"{HEADER} must have 1 to 64 characters of A-Z, a-z, 0-9, '-', '_' and '.'.",
                HEADER,
            )

    @property
    def prediction_id(self) -> str:
        return keyed_id(self.caller, self.key)


def fingerprint(image: bytes, options: PredictOptions) -> str:
    """SHA-256 of everything that the answer depends on and the sender chose."""
    image_hash = hashlib.sha256(image).hexdigest()
    chosen: list[object] = [image_hash, options.top_k, options.explain, options.label]
    if options.coverage is not None:  # without it, as before there was this option
        chosen.append(options.coverage)
    if options.device is not None:
        chosen.append({"device": strict.to_dict(options.device)})
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()
