"""Where the heatmap of each image goes, so that none overwrites another's."""

import base64
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from infra.cli.classify.inputs import Input
from infra.errors import CommandError


def places(images: Sequence[Input]) -> dict[str, PurePath]:
    """A path for each image's name: that within its folder where it is the only one (`cat.png` for
    `cat.jpg`), else with its own ending (`cat.jpg.png`), else below its whole path. Names that
    differ in their case alone are the same to some file systems."""
    short = {image.name: image.inside.with_suffix(".png") for image in images}
    long = {image.name: image.inside.with_name(f"{image.inside.name}.png") for image in images}
    found: dict[str, PurePath] = {}
    for options in (short, long):
        left = {name: path for name, path in options.items() if name not in found}
        times = Counter(map(_same, [*left.values(), *found.values()]))
        found |= {name: path for name, path in left.items() if times[_same(path)] == 1}
    taken = set(map(_same, found.values()))
    for image in images:
        if image.name not in found:
            path = _below(image.name)
            place, number = path, 1
            while _same(place) in taken:
                number += 1
                place = path.with_name(f"{path.stem}-{number}.png")
            found[image.name] = place
            taken.add(_same(place))
    return found


def write(file: Path, data_url: str) -> None:
    """Raises `CommandError`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(data_url.partition(",")[2]))
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}).") from error


def _below(name: str) -> PurePath:
    """The whole path, from whatever it begins with."""
    path = PurePath(name)
    parts = [part for part in path.parts if part not in (path.anchor, ".")]
    return PurePath(*("up" if part == ".." else part for part in parts[:-1]), f"{path.name}.png")


def _same(path: PurePath) -> str:
    return str(path).casefold()
