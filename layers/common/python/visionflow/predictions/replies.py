"""What a direct call was answered besides its record, kept to answer a repeated call alike.

Free of NumPy, so that records can be read without it.
"""

import json
from dataclasses import dataclass

from visionflow import strict
from visionflow.answers.answer import ClassActivationMap, PredictionSet

# Fields that replies written before they existed do not have.
_LATER_FIELDS = {"familiarity_threshold": None, "prediction_set": None}


@dataclass(frozen=True)
class Reply:
    """``request`` is a fingerprint of the request; the numbers are those of the manifest.

    ``activation_map`` is null unless an explanation was requested, and of a model without maps; its
    image can be drawn again.
    ``prediction_set`` is null unless a coverage was.
    """

    request: str
    temperature: float
    unknown_threshold: float
    familiarity_threshold: float | None
    activation_map: ClassActivationMap | None
    prediction_set: PredictionSet | None

    def to_json(self) -> str:
        # An item has 400 KB at most, and labels may be in any script.
        return json.dumps(strict.to_dict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> "Reply":
        """Raises `ConfigError` for what no `to_json` has written."""
        document = strict.read_json(text, "reply")
        if isinstance(document, dict):
            document = {**_LATER_FIELDS, **document}
        return strict.parse(cls, document, "reply")
