"""Which version of which model, what may be its name, and how both are written in one text."""

import re
from dataclasses import dataclass

from visionflow.errors import InvalidParameterError

# A name and a version are parts of object keys, table keys, paths and URLs.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PLAIN_NAME_RULE = (
    "at most 100 letters (A-Z, a-z), digits, dots, dashes and underscores, starting with a letter "
    "or a digit"
)


@dataclass(frozen=True)
class ModelRef:
    """One version of one model. Many models have a version 1.0.0, so a version alone names none."""

    name: str
    version: str

    @property
    def text(self) -> str:
        """``name/version``, as queries, statistics, logs and the command line have it. Neither part
        has a slash or a comma."""
        return f"{self.name}/{self.version}"


def parse_ref(what: str, text: str) -> ModelRef:
    """The inverse of `ModelRef.text`. Raises `InvalidParameterError`, which names ``what``."""
    name, slash, version = text.partition("/")
    if not (slash and PLAIN_NAME.fullmatch(name) and PLAIN_NAME.fullmatch(version)):
        raise InvalidParameterError(
            f"{what} must be a model and its version such as flowers/1.0.0, found {text!r:.80}.",
            what,
        )
    return ModelRef(name, version)
