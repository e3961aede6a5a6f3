"""Which folders are the parts of a dataset, and where its class folders lie."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from training.data.folders.left_out import LeftOut
from training.data.folders.walk import below, class_folders, holds_images, is_image
from training.errors import DatasetError
from visionflow.jobs.layout import folders_around
from visionflow.part_names import are_parts, part_of, parts_of

_DEPTH = 3
"""How far below a folder a hint looks for class folders."""


def find_parts(folder: Path) -> dict[str, Path]:
    """The folder of class folders of each part that ``folder`` is divided into; of ``train`` alone
    if it is not. It may lie deeper, where nothing lies beside it.

    Raises `DatasetError` where it is unclear what the folders are.
    """
    root = dataset_root(folder)
    entries = class_folders(root)
    named = parts_of(entry.name for entry in entries)
    for_train = [entry for entry in entries if named.get(entry.name) == "train"]
    train = for_train[0] if for_train else None
    all_parts = len(named) == len(entries)
    divided = [entry for entry in entries if entry.name in named and _holds_folders_alone(entry)]
    # A class may well be called "train": then it holds images, and no folders of classes.
    loose = next(filter(is_image, sorted(train.iterdir())), None) if train else None
    if train is None or not class_folders(train) or loose:
        if entries and (all_parts or len(divided) > 1) and train is None:
            names = ", ".join(entry.name for entry in entries if entry.name in named)
            raise DatasetError(f"{root}: there is no folder train beside {names}")
        if loose and all_parts and class_folders(loose.parent):
            raise DatasetError(f"{loose}: lies beside class folders; move it into its class")
        return {"train": root}
    # Other words for it are certain only among their like, or where several hold class folders.
    if not all_parts and train.name.lower() != "train" and len(divided) < 2:
        return {"train": root}
    parts: dict[str, Path] = {}
    for entry in entries:
        part = named.get(entry.name)
        if part is None:
            raise DatasetError(
                f"{entry}: beside {train.name} only folders called train, validation or test (or "
                "val, valid, testing, ...) may lie; move it elsewhere"
            )
        if part in parts:
            raise DatasetError(f"{root}: both {parts[part].name} and {entry.name} are for {part}")
        parts[part] = entry
    return {part: dataset_root(entry) for part, entry in parts.items()}


def _holds_folders_alone(entry: Path) -> bool:
    return bool(class_folders(entry)) and not any(map(is_image, entry.iterdir()))


def dataset_root(folder: Path) -> Path:
    """``folder``, or the one in it that alone holds images and has the folders of classes or
    parts."""
    entries = class_folders(folder)
    if len(entries) != 1:
        return folder
    paths = [image.relative_to(folder).parts for image in below(folder).images]
    return folder.joinpath(*folders_around(paths))


def around(folder: Path, parts: Iterable[Path]) -> LeftOut:
    """What is left out between ``folder`` and the folders of its ``parts``."""
    places = {place for path in parts for place in path.parents if place.is_relative_to(folder)}
    found = [below(place, deep=False) for place in sorted(places)]
    return LeftOut(
        outside=tuple(image for one in found for image in one.images),
        broken=tuple(link for one in found for link in one.broken),
        loops=tuple(link for one in found for link in one.loops),
        junk={kind: sum(one.junk[kind] for one in found) for one in found for kind in one.junk},
    )


def hint(folder: Path) -> str:
    """The end of a sentence that names the folder below ``folder`` to give instead; empty where
    there is none, or more than one."""
    found = list(_candidates(folder, _DEPTH))
    return f"; the class folders seem to lie in {found[0]}: name that folder" if found else ""


def _candidates(folder: Path, depth: int) -> Iterator[Path]:
    if depth == 0 or not folder.is_dir():
        return
    for entry in class_folders(folder):
        inner = [path for path in class_folders(entry) if holds_images(path)]
        loose = any(map(is_image, entry.iterdir()))
        if not loose and (len(inner) > 1 or any(part_of(path.name) for path in inner)):
            if not are_parts([entry.name]):
                yield entry
        else:
            yield from _candidates(entry, depth - 1)
