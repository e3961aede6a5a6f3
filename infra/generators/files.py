"""Committed files that Python makes from other files of the project."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Files with the contents that ``make`` returns; ``command`` renews them."""

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
