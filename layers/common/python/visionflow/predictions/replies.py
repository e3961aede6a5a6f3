"""What a direct call was answered besides its record, kept to answer a repeated call alike.

Free of NumPy, so that records can be read without it.
"""

import json
from dataclasses import dataclass

from visionflow import strict
from visionflow.models.answer import ClassActivationMap


@dataclass(frozen=True)
class Reply:
    """``request`` is a fingerprint of the request; the numbers are those of the manifest.

    ``activation_map`` is null unless an explanation was requested; its image can be drawn again.
    """

    request: str
    temperature: float
    unknown_threshold: float
    activation_map: ClassActivationMap | None

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "Reply":
        """Raises `ConfigError` for what no `to_json` has written."""
        return strict.parse_json(cls, text, "reply")
