"""What a generator of committed files offers to `infra.generators.__main__`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Generator(Protocol):
    """Committed files that are made from other files of the project."""

    @property
    def command(self) -> str:
        """The command that renews them."""
        ...

    def stale(self) -> list[Path]:
        """Those that are not as they would be made now."""
        ...

    def renew(self) -> None:
        """Write them."""
        ...


@dataclass(frozen=True)
class Files:
    """Files that ``make`` makes in Python."""

    make: Callable[[], Mapping[Path, bytes]]
    command: str = "make types"

    def stale(self) -> list[Path]:
        return [
            file
            for file, content in self.make().items()
            if not file.is_file() or file.read_bytes() != content
        ]

    def renew(self) -> None:
        for file, content in self.make().items():
            file.write_bytes(content)
