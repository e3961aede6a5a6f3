"""What a machine downloads by links: whole, once, and by a new link where the old one has ended."""

import gzip
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from training.errors import DatasetError
from training.job.inputs import Inputs
from visionflow.jobs.folder import JobFolders, Link


class Signed(JobFolders):
    """Links that a test signs."""

    def __init__(self, *links: Link) -> None:
        self.links = links
        self.read = 0

    def fetch_links(self, reporter: str, file: Path) -> None:
        self.read += 1
        with gzip.open(file, "wt") as lines:
            lines.writelines(json.dumps(asdict(link)) + "\n" for link in self.links)


class Store:
    """Files by URL; `ended` ones are refused."""

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.ended: set[str] = set()
        self.asked: list[str] = []

    def __call__(self, url: str, target: Path) -> int:
        self.asked.append(url)
        if url in self.ended:
            target.write_bytes(b"<Error>expired</Error>")
            return 403
        target.write_bytes(self.files[url])
        return 200


def link(path: str, url: str, size: int = 1) -> Link:
    return Link(path, size, f"etag of {url[0]}", url)


def fetched(folders: JobFolders, store: Store, work: Path, **options: float) -> frozenset[str]:
    options = {"pause": 0.01, "patience": 0.1, **options}
    return Inputs(folders, "AROA:i-1", work, store, **options).fetch((), work / "images")


def test_files_come_once_and_what_lies_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"newer")
    folders = Signed(
        link("images/set/cat/1.jpg", "a"),
        link("run/checkpoint.pt", "b"),
        link("weights.pt", "c"),
    )
    store = Store(a=b"1", b=b"2", c=b"3")
    assert fetched(folders, store, tmp_path) == {"weights.pt"}
    assert (tmp_path / "images/set/cat/1.jpg").read_bytes() == b"1"
    assert (tmp_path / "run/checkpoint.pt").read_bytes() == b"newer"
    assert fetched(folders, store, tmp_path) == frozenset()
    assert sorted(store.asked) == ["a", "c"]


def test_a_link_that_has_ended_is_looked_up_again(tmp_path: Path) -> None:
    folders, store = Signed(link("images/cat/1.jpg", "a old")), Store(**{"a new": b"1"})
    store.ended.add("a old")
    look, renewed = folders.fetch_links, Signed(link("images/cat/1.jpg", "a new"))

    def later(reporter: str, file: Path) -> None:
        (look if folders.read < 2 else renewed.fetch_links)(reporter, file)

    folders.fetch_links = later  # type: ignore[method-assign]
    fetched(folders, store, tmp_path, patience=10)
    assert (tmp_path / "images/cat/1.jpg").read_bytes() == b"1"
    assert store.asked == ["a old", "a new"]


def test_a_link_that_stays_refused_is_an_error(tmp_path: Path) -> None:
    store = Store()
    store.ended.add("a")
    with pytest.raises(DatasetError, match="has ended, and was not renewed"):
        fetched(Signed(link("images/cat/1.jpg", "a")), store, tmp_path)
    assert not (tmp_path / "images/cat/1.jpg").exists()


def test_a_file_that_comes_cut_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be downloaded"):
        fetched(Signed(link("images/cat/1.jpg", "a", size=5)), Store(a=b"1"), tmp_path)


def test_rows_about_sealed_images_are_dropped_from_tables(tmp_path: Path) -> None:
    table = b"file,group\ncat/1.jpg,a\ncat/2.jpg,a\n"
    parents = b"label,parent\ncat,pet\n"
    folders = Signed(
        link("images/set/groups.csv", "a", len(table)),
        link("images/set/parents.csv", "b", len(parents)),
    )
    images = tmp_path / "images" / "set"
    store = Store(a=table, b=parents)
    Inputs(folders, "AROA:i-1", tmp_path, store).fetch(("cat/2.jpg",), images)
    assert (images / "groups.csv").read_text().splitlines() == ["file,group", "cat/1.jpg,a"]
    assert (images / "parents.csv").read_bytes() == parents
