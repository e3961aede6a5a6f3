"""Against torchvision's own classes, in the formats they expect, from a server on this machine."""

import bz2
import hashlib
import io
import json
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from torchvision import datasets

from tests.images import encode, textured
from training.data.listing import list_images
from training.data.sources.fetch import fetch
from training.data.sources.fetch_sources import SOURCES, TRAFFIC_SIGNS
from training.errors import DatasetError

RANDOM = np.random.default_rng(1)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that `server` serves."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tar(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def pickled(content: dict[str, Any]) -> bytes:
    return pickle.dumps(content, protocol=2)


class Cifar:
    """A CIFAR-10 of six images: the archive's name, layout, pickles and sums."""

    def __init__(self, site: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pixels = RANDOM.integers(0, 256, (6, 3, 32, 32), np.uint8)
        rows = self.pixels.reshape(6, -1)
        files = {
            "data_batch_1": pickled({"data": rows[:4], "labels": [1, 0, 1, 2]}),
            "test_batch": pickled({"data": rows[4:], "labels": [2, 1]}),
            "batches.meta": pickled({"label_names": ["plane", "car", "bird"]}),
        }
        sums = {name: md5(data) for name, data in files.items()}
        archive = tar({f"cifar-10-batches-py/{name}": data for name, data in files.items()})
        self.archive = site / "cifar-10-python.tar.gz"
        self.archive.write_bytes(archive)
        cls = datasets.CIFAR10
        monkeypatch.setattr(cls, "url", server + self.archive.name)
        monkeypatch.setattr(cls, "tgz_md5", md5(archive))
        monkeypatch.setattr(cls, "train_list", [["data_batch_1", sums["data_batch_1"]]])
        monkeypatch.setattr(cls, "test_list", [["test_batch", sums["test_batch"]]])
        monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": sums["batches.meta"]})


@pytest.fixture
def cifar(site: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Cifar:
    return Cifar(site, server, monkeypatch)


def names(folder: Path) -> list[str]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name[0] != ".")
    return sorted(file.relative_to(folder).as_posix() for file in files)


def test_cifar10_is_downloaded_and_written_as_class_folders(cifar: Cifar, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert fetch("cifar10", folder)
    assert names(folder) == [
        "test/bird/00000.png",
        "test/car/00001.png",
        "train/bird/00003.png",
        "train/car/00000.png",
        "train/car/00002.png",
        "train/plane/00001.png",
    ]
    with Image.open(folder / "train/car/00002.png") as image:
        np.testing.assert_array_equal(np.asarray(image), cifar.pixels[2].transpose(1, 2, 0))
    assert sorted(x.name for x in tmp_path.iterdir()) == ["out", "site"]


def test_a_second_call_downloads_nothing(cifar: Cifar, tmp_path: Path) -> None:
    assert fetch("cifar10", tmp_path / "out")
    cifar.archive.unlink()
    assert not fetch("CIFAR-10", tmp_path / "out")


def test_after_an_interruption_the_archive_is_used_but_not_what_was_unpacked(
    cifar: Cifar, tmp_path: Path
) -> None:
    downloads = tmp_path / "out.download"
    (downloads / "cifar-10-batches-py").mkdir(parents=True)
    (downloads / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"half")
    cifar.archive.rename(downloads / cifar.archive.name)
    assert fetch("cifar10", tmp_path / "out")
    assert len(names(tmp_path / "out")) == 6
    assert not downloads.exists()


def test_an_archive_cut_short_is_downloaded_again(cifar: Cifar, tmp_path: Path) -> None:
    downloads = tmp_path / "out.download"
    downloads.mkdir()
    (downloads / cifar.archive.name).write_bytes(cifar.archive.read_bytes()[:100])
    assert fetch("cifar10", tmp_path / "out")


def test_without_a_network_it_says_so_and_leaves_no_data_set(cifar: Cifar, tmp_path: Path) -> None:
    cifar.archive.unlink()
    with pytest.raises(DatasetError, match=r"cifar10: cannot be downloaded .*404.*run this again"):
        fetch("cifar10", tmp_path / "out")
    assert [x.name for x in tmp_path.iterdir()] == ["site"]


def test_what_is_complete_is_kept_where_a_later_step_fails(
    cifar: Cifar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", full)
        with pytest.raises(DatasetError, match="No space left on device"):
            fetch("cifar10", tmp_path / "out")
    assert names(tmp_path / "out.download") == [cifar.archive.name]
    assert not (tmp_path / "out.partial").exists()
    cifar.archive.unlink()
    assert fetch("cifar10", tmp_path / "out")


def test_content_with_the_wrong_sum_is_refused(cifar: Cifar, tmp_path: Path) -> None:
    cifar.archive.write_bytes(tar({"cifar-10-batches-py/data_batch_1": b"another"}))
    with pytest.raises(DatasetError, match="corrupted"):
        fetch("cifar10", tmp_path / "out")


def test_an_archive_without_a_sum_that_is_damaged_is_deleted(
    site: Path, server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = tar({"fgvc-aircraft-2013b/data/variants.txt": RANDOM.bytes(5_000)})
    (site / "aircraft.tar.gz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(datasets.FGVCAircraft, "_URL", f"{server}aircraft.tar.gz")
    with pytest.raises(DatasetError, match="damaged"):
        fetch("fgvc_aircraft", tmp_path / "out")
    assert not (tmp_path / "out.download").exists()


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cifar11: no such dataset; there are .*cifar10, .*"):
        fetch("cifar11", tmp_path / "out")


def test_another_data_set_is_not_overwritten(cifar: Cifar, tmp_path: Path) -> None:
    fetch("cifar10", tmp_path / "out")
    with pytest.raises(DatasetError, match="holds cifar10, not mnist"):
        fetch("mnist", tmp_path / "out")


def test_every_source_is_a_class_of_torchvision() -> None:
    assert all(hasattr(datasets, source.dataset) for source in SOURCES.values())
    assert len(TRAFFIC_SIGNS) == len(set(TRAFFIC_SIGNS)) == 43


# The other formats: torchvision's classes read them, only their download is replaced.


def put(root: Path, name: str, data: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)


def photo() -> bytes:
    return encode(textured((24, 20), int(RANDOM.integers(1 << 30))))


def idx(array: npt.NDArray[Any]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def fashion_mnist(root: Path) -> None:
    for part in ("train", "t10k"):
        images = RANDOM.integers(0, 256, (2, 28, 28))
        put(root, f"FashionMNIST/raw/{part}-images-idx3-ubyte", idx(images))
        put(root, f"FashionMNIST/raw/{part}-labels-idx1-ubyte", idx(np.array([0, 9])))


def usps(root: Path) -> None:
    pixels = " ".join(f"{i + 1}:{x:.2f}" for i, x in enumerate(RANDOM.uniform(-1, 1, 256)))
    for name in ("usps.bz2", "usps.t.bz2"):
        put(root, name, bz2.compress(f"10 {pixels}\n".encode()))


def flowers102(root: Path) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    for i in range(1, 5):
        put(root, f"flowers-102/jpg/image_{i:05}.jpg", photo())
    scipy_io.savemat(root / "flowers-102/imagelabels.mat", {"labels": [1, 1, 60, 60]})
    sets = {"trnid": [1, 3], "valid": [2, 4], "tstid": [4, 1]}
    scipy_io.savemat(root / "flowers-102/setid.mat", sets)


def oxford_pets(root: Path) -> None:
    for part, number in (("trainval", 1), ("test", 2)):
        lines = f"Abyssinian_{number} 1 1 1\ngreat_pyrenees_{number} 2 2 1\n"
        put(root, f"oxford-iiit-pet/annotations/{part}.txt", lines.encode())
        for name in ("Abyssinian", "great_pyrenees"):
            put(root, f"oxford-iiit-pet/images/{name}_{number}.jpg", photo())


def food101(root: Path) -> None:
    for part, number in (("train", 1), ("test", 2)):
        listed = {label: [f"{label}/{number}"] for label in ("apple_pie", "waffles")}
        put(root, f"food-101/meta/{part}.json", json.dumps(listed).encode())
        for label in listed:
            put(root, f"food-101/images/{label}/{number}.jpg", photo())


def gtsrb(root: Path) -> None:
    for target in (0, 1):
        ppm = encode(textured((20, 20), target), "PPM")
        put(root, f"gtsrb/GTSRB/Training/{target:05}/00000_00000.ppm", ppm)
        put(root, f"gtsrb/GTSRB/Final_Test/Images/{target:05}.ppm", ppm)
    table = "Filename;Width;ClassId\n00000.ppm;20;0\n00001.ppm;20;1\n"
    put(root, "gtsrb/GT-final_test.csv", table.encode())


def caltech101(root: Path) -> None:
    for label in ("BACKGROUND_Google", "ant", "wild_cat"):
        put(root, f"caltech101/101_ObjectCategories/{label}/image_0001.jpg", photo())
    (root / "caltech101/caltech-101").mkdir()
    put(root, "caltech101/caltech-101.zip", b"")


def caltech256(root: Path) -> None:
    for number, label in enumerate(("ak47", "american-flag"), 1):
        folder = f"caltech256/256_ObjectCategories/{number:03}.{label}"
        put(root, f"{folder}/{number:03}_0001.jpg", photo())


def imagenette(root: Path) -> None:
    for part in ("train", "val"):
        for label in ("n01440764", "n03425413"):
            put(root, f"imagenette2-160/{part}/{label}/{label}_1.JPEG", photo())


def sun397(root: Path) -> None:
    put(root, "SUN397/ClassName.txt", b"/a/abbey\n/a/arch/indoor\n")
    put(root, "SUN397/a/abbey/sun_a.jpg", photo())
    put(root, "SUN397/a/arch/indoor/sun_b.jpg", photo())


FORMATS: dict[str, tuple[str, Callable[[Path], None], list[str]]] = {
    "fashion_mnist": (
        "mnist",
        fashion_mnist,
        ["T-shirt top/00000.png", "Ankle boot/00001.png"],
    ),
    "usps": ("usps", usps, ["9/00000.png"]),
    "flowers102": (
        "flowers102",
        flowers102,
        ["pink primrose/00000.jpg", "pink-yellow dahlia/00001.jpg"],
    ),
    "oxford_pets": (
        "oxford_iiit_pet",
        oxford_pets,
        ["Abyssinian/00000.jpg", "Great Pyrenees/00001.jpg"],
    ),
    "food101": ("food101", food101, ["apple_pie/00000.jpg", "waffles/00001.jpg"]),
    "gtsrb": ("gtsrb", gtsrb, ["speed limit 20/00000.png", "speed limit 30/00001.png"]),
    "caltech101": ("caltech", caltech101, ["ant/00000.jpg", "wild_cat/00001.jpg"]),
    "caltech256": ("caltech", caltech256, ["ak47/00000.jpg", "american-flag/00001.jpg"]),
    "imagenette_160": ("imagenette", imagenette, ["tench/00000.jpg", "gas pump/00001.jpg"]),
    "sun397": ("sun397", sun397, ["abbey/00000.jpg", "arch indoor/00001.jpg"]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_becomes_class_folders_with_the_real_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, build, expected = FORMATS[name]

    def download(*_: object, **__: object) -> None:
        build(tmp_path / "out.download")

    replaced = {
        "download_and_extract_archive": download,
        "download_url": download,
        "check_integrity": lambda file, *_: Path(file).is_file(),
    }
    for function, replacement in replaced.items():
        monkeypatch.setattr(f"torchvision.datasets.{module}.{function}", replacement, raising=False)
    assert fetch(name, tmp_path / "out")
    found = names(tmp_path / "out")
    for part in SOURCES[name].parts:
        inside = {file.removeprefix(f"{part}/") for file in found if file.startswith(part)}
        # The test part of flowers102 has its images the other way round.
        assert {Path(x).parent for x in inside} >= {Path(x).parent for x in expected}
        assert part == "test" or inside >= set(expected)
    for file in found:
        with Image.open(tmp_path / "out" / file) as image:
            image.load()


def test_photographs_are_copied_byte_by_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {}

    def download(*_: object, **__: object) -> None:
        sun397(tmp_path / "out.download")
        before["abbey"] = (tmp_path / "out.download/SUN397/a/abbey/sun_a.jpg").read_bytes()

    monkeypatch.setattr("torchvision.datasets.sun397.download_and_extract_archive", download)
    fetch("sun397", tmp_path / "out")
    assert (tmp_path / "out/abbey/00000.jpg").read_bytes() == before["abbey"]


def test_a_class_that_is_missing_in_the_first_images_is_no_empty_folder(
    cifar: Cifar, tmp_path: Path
) -> None:
    """The test part has no plane: training takes that, but refuses an empty class folder."""
    fetch("cifar10", tmp_path / "out")
    listing = list_images(tmp_path / "out" / "test", ("bird", "car", "plane"))
    assert listing.counts.tolist() == [1, 1, 0]
