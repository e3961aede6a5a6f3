"""What a direct call was answered beyond its record, kept so that it can be answered again.

Free of NumPy, so that records can be read without it.
"""

import json
from dataclasses import dataclass

from visionflow import strict
from visionflow.images.input_spec import Box


@dataclass(frozen=True)
class ClassActivationMap:
    """Where the evidence for ``label`` lies.

    ``values`` is the map in ``height`` rows, scaled to 0..1, over ``box`` of the upright image.
    """

    label: str
    width: int
    height: int
    values: tuple[tuple[float, ...], ...]
    box: Box


@dataclass(frozen=True)
class Reply:
    """``request`` is a fingerprint of what was asked; the numbers are those of the manifest.

    ``activation_map`` is there where an explanation was asked for; its image can be drawn again.
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
