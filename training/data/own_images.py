"""The images that a run was made of, as it keeps them beside its artifact."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from training.data.split import SPLIT_FILE


@dataclass(frozen=True)
class OwnPart:
    """``files``: the SHA-256 of each, by its name below the folder of the part. ``groups``: of each
    file."""

    files: Mapping[str, str]
    groups: Sequence[int]

    @cached_property
    def contents(self) -> frozenset[str]:
        return frozenset(self.files.values())


@dataclass(frozen=True)
class OwnImages:
    """``dataset``: the folder that they lay in, where the run says so. ``carved``: the parts that
    were drawn out of the training folder."""

    dataset: Path | None
    carved: Sequence[str]
    parts: Mapping[str, OwnPart]


def read_own_images(run: Path) -> OwnImages | None:
    """What `SPLIT_FILE` says; None where there is none, as beside a downloaded artifact."""
    try:
        found = json.loads((run / SPLIT_FILE).read_bytes())
        parts = {
            name: OwnPart(MappingProxyType(part["files"]), tuple(part["groups"]))
            for name, part in found["parts"].items()
        }
        dataset = found.get("dataset")
        return OwnImages(None if dataset is None else Path(dataset), found["carved"], parts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
