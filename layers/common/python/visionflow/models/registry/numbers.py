"""Which version of a model comes next."""

import re
from collections.abc import Collection
from typing import Final

UNNAMED: Final = "1.0.0"
"""What a run is called whose version nobody has chosen."""

_DOTTED = re.compile(r"\d{1,18}(\.\d{1,18})*")


def next_version(taken: Collection[str], first: str = UNNAMED) -> str:
    """The version behind the highest of those that are numbers such as 2 or 1.4.0, by its last
    number; ``first`` where that is higher still."""
    highest = max(filter(None, map(_numbers, taken)), default=None)
    own = _numbers(first)
    if first not in taken and (highest is None or (own is not None and own > highest)):
        return first
    *before, last = highest or (0,)
    while (found := ".".join(map(str, (*before, last + 1)))) in taken:
        last += 1
    return found


def is_free(version: str, taken: Collection[str]) -> bool:
    """Whether a run may keep the ``version`` that it has: nobody else has it, and where nobody has
    chosen it, none is higher."""
    return version not in taken and (version != UNNAMED or next_version(taken, version) == version)


def _numbers(version: str) -> tuple[int, ...] | None:
    return tuple(map(int, version.split("."))) if _DOTTED.fullmatch(version) else None
