import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
import pytest
from PIL import Image

from tests.images import encode, textured
from training.cli.data import add_parsers
from training.errors import DatasetError


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers())
    parsed = parser.parse_args(["data", *map(str, arguments)])
    return int(parsed.run(parsed))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.cli.data._CACHE", tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes; one file is broken."""
    for i, label in enumerate(["cat", "cat", "cat", "dog", "dog", "dog"]):
        put(tmp_path / "set" / label / f"{i}.jpg", encode(textured(seed=i)))
    put(tmp_path / "set" / "dog" / "broken.jpg", b"broken")
    return tmp_path / "set"


def put(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_inspect_prints_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", folder) == 0
    printed = capsys.readouterr().out
    assert f"{folder}: 6 images" in printed
    assert "dog/broken.jpg (image_unreadable)" in printed


def test_inspect_prints_json_alone_for_machines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inspect", folder, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["contents"]["images"] == 6
    assert [x["code"] for x in printed["findings"]] == ["unreadable", "few_images"]


def test_inspect_writes_json_page_and_contact_sheet(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "out" / "deep", tmp_path / "page.html"
    assert run("inspect", folder, "--out", out, "--html", page, "--json") == 0
    files = {"inspection.json", "inspection.html", "contact_sheet.jpg"}
    assert {file.name for file in out.iterdir()} == files
    assert (out / "inspection.json").read_text() == capsys.readouterr().out.strip()
    assert page.read_bytes() == (out / "inspection.html").read_bytes()
    with Image.open(out / "contact_sheet.jpg") as sheet:
        assert sheet.width > 300


def test_inspect_reads_from_s3(
    aws: None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = boto3.client("s3")
    location = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="sets", CreateBucketConfiguration=location)  # type: ignore[arg-type]
    for file in folder.rglob("*.jpg"):
        key = f"pets/{file.relative_to(folder).as_posix()}"
        client.put_object(Bucket="sets", Key=key, Body=file.read_bytes())
    assert run("inspect", "s3://sets/pets", "--json", "--cache", tmp_path / "cache") == 0
    assert json.loads(capsys.readouterr().out)["contents"]["images"] == 6


@pytest.mark.parametrize("below", ["none", "set/cat"], ids=["missing", "no class folders"])
def test_nothing_to_inspect_is_one_sentence(below: str, folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"no such folder|nothing to inspect"):
        run("inspect", folder.parent / below)


def test_a_file_in_the_way_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(DatasetError, match="cannot be written"):
        run("inspect", folder, "--out", tmp_path / "out")


def test_flowers_are_drawn_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["flowers", "--out", str(tmp_path / "set"), "--images", "2", "--size", "32"]
    assert run(*command) == 0
    assert "The dataset is in" in capsys.readouterr().out
    assert run(*command) == 0
    assert "already" in capsys.readouterr().out
    assert len(list((tmp_path / "set").rglob("*.jpg"))) == 10


def test_fetch_refuses_a_name_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="imagenet22k: no such dataset"):
        run("fetch", "imagenet22k", "--out", tmp_path / "set")


@pytest.mark.parametrize("arguments", [[], ["inspect"], ["fetch", "cifar10"], ["flowers"]])
def test_incomplete_commands_show_the_usage(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)
    assert "usage:" in capsys.readouterr().err


def test_reading_the_command_line_imports_nothing_heavy() -> None:
    program = (
        "import sys, training.cli.data; "
        "print(sorted({'numpy', 'PIL', 'torch', 'tqdm', 'jinja2'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"


def test_an_archive_is_inspected_and_imported_alike(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder / "cat" / "notes.txt", b"no image")
    put(folder / "@eaDir" / "1.jpg", b"a thumbnail")
    archive = shutil.make_archive(str(tmp_path / "동물"), "gztar", tmp_path, "set")
    assert run("inspect", archive, "--json") == 0
    contents = json.loads(capsys.readouterr().out)["contents"]
    assert {entry["label"]: entry["images"] for entry in contents["classes"]} == {
        "cat": 3,
        "dog": 3,
    }
    assert [bad["file"] for bad in contents["unreadable"]] == ["dog/broken.jpg"]
    assert run("import", archive, "--out", tmp_path / "out") == 0
    assert sorted(x.name for x in (tmp_path / "out" / "dog").iterdir()) == [
        *("3.jpg", "4.jpg", "5.jpg", "broken.jpg")
    ]


def test_inspect_names_what_is_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder / "cat" / "notes.txt", b"no image")
    put(folder / "@eaDir" / "1.jpg", b"a thumbnail")
    (folder / "dog" / "gone.jpg").symlink_to(folder / "gone.jpg")
    (folder / "dog" / "all").symlink_to(folder)
    assert run("inspect", folder, "--json") == 0
    found = {x["code"]: x["examples"] for x in json.loads(capsys.readouterr().out)["findings"]}
    assert found["other_files"] == ["cat/notes.txt"]
    assert found["broken_links"] == ["dog/gone.jpg"]
    assert found["link_loops"] == ["dog/all"]
    assert found["junk"] == ["@eaDir: 1"]
