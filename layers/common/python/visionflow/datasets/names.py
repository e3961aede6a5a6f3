"""What datasets may be called, and under which keys of the bucket their files lie."""

import re
from typing import Final

from visionflow.errors import InvalidParameterError

CONTENT_PREFIX: Final = "content/"
"""``content/<name>/<sha256>``: the bytes of images, at their final place."""
DROP_PREFIX: Final = "datasets/"
"""``datasets/<name>/<class>/<file>``: where people drop files; curation takes them away."""
MANIFEST_PREFIX: Final = "versions/"
"""``versions/<name>/<number>-<start of its sha256>.jsonl.gz``: manifests of versions."""
RUNS_PREFIX: Final = "runs/"
"""``runs/<name>/<run>/``: what the steps of an instant training hand on."""
DROPPED: Final = "drop"
"""The source of an image, and who a dataset or a class is from, that came as a file."""
COPIED: Final = "prediction:"
"""``prediction:<id>``: the source of an image that was copied from a record, and goes when the last
of its records is erased."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot name a dataset, as the end of a sentence that begins with it; None if it
    can."""
    if _NAME.fullmatch(name):
        return None
    return "is not a name of a dataset: 1 to 64 of a-z, 0-9 and -, with a letter first"


def check_name(name: str, field: str = "name") -> str:
    """``name``, if it can name a dataset. Raises `InvalidParameterError` for that ``field``."""
    if problem := name_problem(name):
        raise InvalidParameterError(f"{name!r:.80} {problem}.", field)
    return name


def is_sha256(text: str) -> bool:
    """Whether ``text`` is a SHA-256 as datasets write it: 64 digits, lower case."""
    return _SHA256.fullmatch(text) is not None


def content_key(name: str, sha256: str) -> str:
    """Where the bytes of an image lie."""
    return f"{CONTENT_PREFIX}{name}/{sha256}"


def manifest_key(name: str, number: int, sha256: str) -> str:
    """Where the manifest of a version lies. Two that are made at once do not share a key."""
    return f"{MANIFEST_PREFIX}{name}/{number:07d}-{sha256[:16]}.jsonl.gz"


def parts_key(name: str, run_id: str) -> str:
    """Where the parts lie that a training divided a version into."""
    return f"{MANIFEST_PREFIX}{name}/parts/{run_id}.json.gz"


def source_of(prediction_id: str) -> str:
    """`DatasetImage.source` of a copy of a prediction's image."""
    return f"{COPIED}{prediction_id}"
