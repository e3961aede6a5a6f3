"""The datasets of torchvision that can be fetched, and how each is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

Item = tuple[Image.Image | Path, int]


def _classes(data: Any) -> Sequence[str]:
    return tuple(data.classes)


def _digits(_data: Any) -> Sequence[str]:
    return tuple("0123456789")


def _categories(data: Any) -> Sequence[str]:
    # Caltech-256 numbers its folders: 001.ak47.
    return tuple(category.rpartition(".")[2] for category in data.categories)


def _items(data: Any) -> Iterator[Item]:
    return (data[i] for i in range(len(data)))


def _sorted_items(data: Any) -> Iterator[Item]:
    # The files of SUN397 come in the order of the disk.
    return iter(sorted(_items(data)))


def _caltech101_files(data: Any) -> Iterator[Item]:
    root = Path(data.root, "101_ObjectCategories")
    for target, number in zip(data.y, data.index, strict=True):
        yield root / data.categories[target] / f"image_{number:04}.jpg", target


def _caltech256_files(data: Any) -> Iterator[Item]:
    root = Path(data.root, "256_ObjectCategories")
    for target, number in zip(data.y, data.index, strict=True):
        yield root / data.categories[target] / f"{target + 1:03}_{number:04}.jpg", target


@dataclass(frozen=True)
class Source:
    """``dataset``: the class in torchvision.datasets. ``parts``: what it is called with for each
    part; "" for a set that has none. ``labels``: the classes by their numbers. ``items``: images,
    or their files, each with the number of its class."""

    dataset: str
    parts: Mapping[str, dict[str, Any]]
    labels: Callable[[Any], Sequence[str]] = _classes
    items: Callable[[Any], Iterator[Item]] = _items


# Where a class takes a loader, this one hands out the file itself.
_FILE = {"loader": Path}
_TRAIN_TEST: dict[str, dict[str, Any]] = {"train": {"train": True}, "test": {"train": False}}
_SPLITS: dict[str, dict[str, Any]] = {"train": {"split": "train"}, "test": {"split": "test"}}


def _file_splits(**splits: str) -> dict[str, dict[str, Any]]:
    return {part: {"split": split, **_FILE} for part, split in splits.items()}


def _imagenette(size: str) -> Source:
    parts = {part: {"split": part, "size": size, **_FILE} for part in ("train", "val")}
    return Source("Imagenette", parts, lambda data: [names[0] for names in data.classes])


SOURCES: Mapping[str, Source] = {
    "caltech101": Source("Caltech101", {"": {}}, _categories, _caltech101_files),
    "caltech256": Source("Caltech256", {"": {}}, _categories, _caltech256_files),
    "cifar10": Source("CIFAR10", _TRAIN_TEST),
    "cifar100": Source("CIFAR100", _TRAIN_TEST),
    "country211": Source("Country211", _file_splits(train="train", val="valid", test="test")),
    "dtd": Source("DTD", _file_splits(train="train", val="val", test="test")),
    "emnist_balanced": Source(
        "EMNIST", {part: {"split": "balanced", **x} for part, x in _TRAIN_TEST.items()}
    ),
    "eurosat": Source("EuroSAT", {"": _FILE}),
    "fashion_mnist": Source("FashionMNIST", _TRAIN_TEST),
    "fgvc_aircraft": Source("FGVCAircraft", _file_splits(train="train", val="val", test="test")),
    "flowers102": Source("Flowers102", _file_splits(train="train", val="val", test="test")),
    "food101": Source("Food101", _file_splits(train="train", test="test")),
    "gtsrb": Source(
        "GTSRB",
        _SPLITS,
        lambda _data: TRAFFIC_SIGNS,
        lambda data: ((Path(file), target) for file, target in data._samples),
    ),
    "imagenette": _imagenette("full"),
    "imagenette_160": _imagenette("160px"),
    "imagenette_320": _imagenette("320px"),
    "kmnist": Source("KMNIST", _TRAIN_TEST),
    "mnist": Source("MNIST", _TRAIN_TEST),
    "oxford_pets": Source(
        "OxfordIIITPet",
        {"train": {"split": "trainval"}, "test": {"split": "test"}},
        items=lambda data: zip(data._images, data._labels, strict=True),
    ),
    "rendered_sst2": Source("RenderedSST2", _file_splits(train="train", val="val", test="test")),
    "semeion": Source("SEMEION", {"": {}}, _digits),
    "stl10": Source("STL10", _SPLITS),
    "sun397": Source("SUN397", {"": _FILE}, items=_sorted_items),
    "svhn": Source("SVHN", _SPLITS, _digits),
    "usps": Source("USPS", _TRAIN_TEST, _digits),
}

# torchvision numbers the signs of GTSRB; these are their meanings (Stallkamp et al. 2012).
TRAFFIC_SIGNS: Sequence[str] = (
    "speed limit 20",
    "speed limit 30",
    "speed limit 50",
    "speed limit 60",
    "speed limit 70",
    "speed limit 80",
    "end of speed limit 80",
    "speed limit 100",
    "speed limit 120",
    "no overtaking",
    "no overtaking by lorries",
    "priority at the next crossing",
    "priority road",
    "give way",
    "stop",
    "no vehicles",
    "no lorries",
    "no entry",
    "danger",
    "bend to the left",
    "bend to the right",
    "double bend",
    "uneven road",
    "slippery road",
    "road narrows",
    "road works",
    "traffic lights",
    "pedestrians",
    "children",
    "cyclists",
    "ice or snow",
    "wild animals",
    "end of all limits",
    "turn right",
    "turn left",
    "ahead only",
    "ahead or right",
    "ahead or left",
    "keep right",
    "keep left",
    "roundabout",
    "end of no overtaking",
    "end of no overtaking by lorries",
)
