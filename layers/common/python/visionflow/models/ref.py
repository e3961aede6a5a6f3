"""Which version of which model, and what may be its name."""

import re
from dataclasses import dataclass

# A name and a version are parts of object keys, table keys, paths and URLs.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PLAIN_NAME_RULE = (
    "at most 100 letters (A-Z, a-z), digits, dots, dashes and underscores, starting with a letter "
    "or a digit"
)


@dataclass(frozen=True)
class ModelRef:
    """One version of one model."""

    name: str
    version: str
