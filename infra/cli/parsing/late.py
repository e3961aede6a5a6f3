"""Packages that most calls of the command line never need, such as one with a typo in it.

`importlib.util.LazyLoader` loads a package as soon as a second module imports it, so it is of no
use where many modules do.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

# boto3 takes a third of a second to import.
LATE = ("boto3", "psutil")


class _Late(ModuleType):
    """In the place of a package until something of it is used."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        loaded = importlib.import_module(self.__name__)
        # For the modules that have imported this one.
        self.__dict__.update(vars(loaded))
        return getattr(loaded, attribute)


def import_late() -> None:
    """Let ``import`` of these packages load them when something of them is used."""
    for name in LATE:
        if name not in sys.modules:
            sys.modules[name] = _Late(name)
