"""Makes the dashboard's list of image formats from the one table, `visionflow.images.formats`."""

from infra.packaging.workspace import PROJECT
from visionflow.images.formats import ACCEPTED, UNKNOWN_TYPE

FORMATS_FILE = PROJECT / "dashboard" / "src" / "api" / "imageFormats.json"


def document() -> dict[str, object]:
    """Types and patterns by ending, in the order in which they are tried, and what a file chooser
    offers."""
    return {
        "unknown_type": UNKNOWN_TYPE,
        "types": sorted(kind for one in ACCEPTED for kind in one.types),
        "by_suffix": {suffix[1:]: one.types[0] for one in ACCEPTED for suffix in one.suffixes},
        "signatures": [
            {"suffix": one.suffixes[0][1:], "type": one.types[0], "pattern": one.signature}
            for one in ACCEPTED
        ],
        "accept": ",".join(["image/*", *(s for one in ACCEPTED for s in one.suffixes)]),
    }
