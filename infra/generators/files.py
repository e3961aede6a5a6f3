"""Committed files that Python makes from other files of the project."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.packaging.workspace import PROJECT

GENERATED = PROJECT / "dashboard" / "client" / "src" / "generated"
"""What the npm client has from Python."""


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


def module_file(file: Path, source: str, document: Callable[[], dict[str, Any]]) -> Files:
    """One TypeScript module with what ``document`` returns, as Node warns of imported JSON."""

    def make() -> dict[Path, bytes]:
        text = json.dumps(document(), indent=2, ensure_ascii=False)
        return {file: f"/** From `{source}`. */\nexport default {text};\n".encode()}

    return Files(make)


def json_file(file: Path, document: Callable[[], dict[str, Any]], indent: int = 2) -> Files:
    """One file with the JSON of what ``document`` returns."""

    def make() -> dict[Path, bytes]:
        text = json.dumps(document(), indent=indent, ensure_ascii=False)
        return {file: f"{text}\n".encode()}

    return Files(make)
