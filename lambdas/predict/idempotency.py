"""`Idempotency-Key`: the same request again gets the first answer again, and makes no other record.

The record is its own lock. Its id is made from the caller and the key, and it is written with a
condition, so of any number of requests with one key exactly one writes it. There is no state
between "nothing" and "answered": a request that dies before it writes has left nothing that a
second one would have to wait for.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass

from visionflow.errors import InvalidParameterError

HEADER = "Idempotency-Key"
KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class PredictOptions:
    """How an image is to be answered.

    ``top_k``: labels, 5 by default. ``explain``: whether to answer a map of
    ``label``, by default the answer. ``coverage``: that of the prediction set to answer.
    """

    top_k: int | None = None
    explain: bool = False
    label: str | None = None
    coverage: float | None = None


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
        """The same for the same key of the same caller; another caller's cannot be guessed."""
        digest = hashlib.sha256(f"{self.caller}\n{self.key}".encode()).digest()
        return "key-" + base64.b32encode(digest[:20]).decode().lower()


def fingerprint(image: bytes, options: PredictOptions) -> str:
    """SHA-256 of everything that the answer depends on and the sender chose."""
    image_hash = hashlib.sha256(image).hexdigest()
    chosen: list[object] = [image_hash, options.top_k, options.explain, options.label]
    if options.coverage is not None:  # without it, as before there was this option
        chosen.append(options.coverage)
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()
