"""`data inspect`, `train` and `data import` read every odd folder alike."""

from pathlib import Path

import pytest

from tests.unit.training.data.folders.odd_folders import ODD_FOLDERS, Odd
from training.data.folders.left_out import LeftOut
from training.data.folders.parts import find_parts
from training.data.parents import nested_parents
from training.data.sources.dataset_folder import dataset_folder
from training.data.sources.forms.registry import read_source
from training.data.split import list_parts
from training.errors import DatasetError
from training.inspection.advice import find
from training.inspection.contents import read_contents
from training.inspection.found_files import find_files

_KINDS = ("other", "outside", "broken", "loops")
SOUND = {name: odd for name, odd in ODD_FOLDERS.items() if odd.refused is None}
REFUSED = {name: odd for name, odd in ODD_FOLDERS.items() if odd.refused is not None}


def built(odd: Odd, tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    odd.build(folder)
    return dataset_folder(str(folder), tmp_path / "cache")


def counts_of(left_out: LeftOut) -> dict[str, int]:
    counts = {kind: len(getattr(left_out, kind)) for kind in _KINDS}
    counts["junk"] = int(bool(left_out.junk))
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.parametrize("name", SOUND)
def test_inspect_train_and_import_agree(name: str, tmp_path: Path) -> None:
    odd = SOUND[name]
    folder = built(odd, tmp_path)
    parts = list_parts(folder, above=nested_parents(find_parts(folder)["train"]))
    trained = {
        (f"{part}/{label}" if len(parts) > 1 else label): int(count)
        for part, listing in parts.items()
        for label, count in zip(listing.labels, listing.counts, strict=True)
    }
    assert tuple(parts) == odd.parts
    assert trained == odd.counts

    found = find_files(folder)
    assert found.complaint is None
    assert found.problems == ()
    images = {
        (found.root / file.name).resolve(): (file.part.replace("all", "train"), file.label)
        for file in found.files
    }
    assert images == {
        listing.path(i).resolve(): (part, listing.labels[listing.targets[i]])
        for part, listing in parts.items()
        for i in range(len(listing))
    }
    left_out = sum((listing.left_out for listing in parts.values()), LeftOut())
    assert counts_of(found.left_out) == counts_of(left_out) == odd.left_out
    assert found.left_out.junk == left_out.junk
    assert len(list(left_out.sentences(folder))) == len(odd.left_out)

    imported = read_source(folder, tmp_path / "unused").images
    assert images == {
        image.file.resolve(): (image.part or "train", image.label)
        for image in imported
        if image.label is not None
    }


@pytest.mark.parametrize("name", REFUSED)
def test_what_train_refuses_inspect_finds(name: str, tmp_path: Path) -> None:
    odd = REFUSED[name]
    why, folder = str(odd.refused), built(odd, tmp_path)
    with pytest.raises(DatasetError, match=why) as refused:
        list_parts(folder)
    assert str(refused.value).isprintable()
    contents, _ = read_contents(folder)
    problems = [one for one in find(contents, None) if one.severity == "problem"]
    assert problems
    if contents.complaint or contents.problems:
        assert why in " ".join(example for one in problems for example in one.examples)


def test_a_folder_to_give_is_named(tmp_path: Path) -> None:
    folder = built(ODD_FOLDERS["deep: beside documents"], tmp_path)
    with pytest.raises(DatasetError, match=f"seem to lie in {folder / 'photos'}: name that"):
        list_parts(folder)
