"""Which images of an inspected dataset show the same thing."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from training.config import DEFAULTS, load_config
from training.data.group_summary import summarize_groups
from training.data.grouping.saved_groups import load_groups
from training.data.listing import Listing
from training.data.split import divide, list_parts
from training.errors import DatasetError
from training.results.groups import GroupSummary


def read_groups(
    folder: Path, by: str, unreadable: Collection[str], cache: Path | None = None
) -> GroupSummary | None:
    """The groups by ``by`` (``data.group_by``), as a training with the default shares divides them.

    ``unreadable`` files, relative to ``folder``, are left out. None for a folder that training
    refuses, and for a part without a readable image. Raises what `load_groups` does.
    """
    config = load_config(str(DEFAULTS), {"data.group_by": by})
    try:
        parts = list_parts(folder)
    except DatasetError:
        return None
    found = {name: _readable(part, folder, unreadable) for name, part in parts.items()}
    if not all(map(len, found.values())):
        return None
    groups = load_groups(found, by, folder, cache=cache)
    return summarize_groups(found, divide(found, groups, config.data, config.seed))


def _readable(part: Listing, folder: Path, unreadable: Collection[str]) -> Listing:
    names = [part.path(i).relative_to(folder).as_posix() for i in range(len(part))]
    return part.subset(np.flatnonzero([name not in unreadable for name in names]))
