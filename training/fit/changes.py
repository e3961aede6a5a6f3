"""What is different about a run that is started again in a folder of an earlier one."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.data.split import SPLIT_FILE, Splits

_NAMED = 5
# Of these parts the weights are made; the test part may be another one.
_PARTS = ("train", "validation")


def settings_changed(before: Any, now: Mapping[str, Any]) -> list[str]:
    """A phrase for each field of a config that has another value."""
    old, new = _fields(before), _fields(now)
    return [
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def images_changed(run: Path, splits: Splits, parts: Sequence[str] = _PARTS) -> list[str]:
    """In which way ``splits`` differ from those that ``run`` began with: phrases about labels and
    the images of ``parts``, none where the run keeps no `SPLIT_FILE`."""
    try:
        before = json.loads((run / SPLIT_FILE).read_bytes())
        old = _files(before, parts)
    except (OSError, ValueError, LookupError, TypeError):
        return []
    now = json.loads(splits.to_json())
    new = _files(now, parts)
    return [*_labels(before["labels"], now["labels"]), *_images(old, new)]


def _labels(before: list[str], now: list[str]) -> list[str]:
    found = [
        f"{what} {_named(labels)}"
        for what, labels in (
            ("new classes:", [label for label in now if label not in before]),
            ("missing classes:", [label for label in before if label not in now]),
        )
        if labels
    ]
    if not found and before != now:
        return [f"the classes are in another order: {', '.join(now)}"]
    return found


def _images(
    before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> list[str]:
    old = {name: (part, sha256) for part in before for name, sha256 in before[part].items()}
    new = {name: (part, sha256) for part in now for name, sha256 in now[part].items()}
    both = [name for name in new if name in old]
    found = {
        "images were added": [name for name in new if name not in old],
        "images are missing": [name for name in old if name not in new],
        "images have other content": [name for name in both if old[name][1] != new[name][1]],
        "images are in another part": [name for name in both if old[name][0] != new[name][0]],
    }
    phrases = [f"{len(names):,} {what}: {_named(names)}" for what, names in found.items() if names]
    if not phrases and any([*before[part]] != [*now[part]] for part in before):
        phrases = ["the images are in another order"]
    return phrases


def _files(splits: Mapping[str, Any], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The hash of each image of each part, by its place in the dataset. Without the name of its
    folder, which is another one for each content of an archive."""
    carved, parts = splits["carved"], splits["parts"]
    # Of a part that was drawn out of the training folder.
    folders = {name: "train/" if name in carved else f"{name}/" for name in names}
    if {"validation", "test"} <= {*carved}:
        folders = dict.fromkeys(names, "")
    return {
        name: {f"{folder}{file}": sha256 for file, sha256 in parts[name]["files"].items()}
        for name, folder in folders.items()
    }


def _named(names: Collection[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join([*names][:_NAMED]) + more


def _fields(tree: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        return {name: tree}
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _fields(value, f"{name}.{key}" if name else str(key))
    return found
