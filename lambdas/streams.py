"""What the functions behind a table's stream share."""

import base64
from typing import Any


def attributes(image: dict[str, Any]) -> dict[str, Any]:
    """An event's image of an item as boto3 has items: JSON carries bytes in base64."""
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in image.items()
    }
