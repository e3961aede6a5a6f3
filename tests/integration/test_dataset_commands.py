"""``visionflow data push`` and ``visionflow datasets`` against the API, without a cloud."""

import csv
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest

from infra.cli.datasets.export import csv_lines, json_lines
from infra.cli.datasets.training import difference
from infra.cli.endpoints import Endpoints
from infra.cli.main import main
from infra.local_cloud.outputs import TrainingNames
from tests.images import encode, plain
from tests.integration.conftest import DATASETS, Cloud
from tests.integration.test_dataset_routes import Datasets, predicted, sha
from tests.tiny_model import write_tiny_artifact
from training.data.sources.collect import Origin
from training.data.sources.forms.registry import read_source
from training.texts.progress import every_end_kept
from visionflow import strict
from visionflow.client import answers
from visionflow.datasets.flow import Proposal
from visionflow.datasets.health import Learned, health_of
from visionflow.datasets.record import DatasetClass, VersionImage
from visionflow.datasets.run import Compared, Confusion, InstantRun, RunResult
from visionflow.images.store import ImageStore

RED, BLUE, GREEN = (encode(plain(colour)) for colour in ("red", "blue", "green"))
NAME = "animals"


class Stage:
    """The API and the bucket behind one address; ``stops_after`` images the bucket refuses."""

    def __init__(self, datasets: Datasets) -> None:
        self.datasets = datasets
        self.puts: list[str] = []
        self.curates = True
        self.stops_after: int | None = None
        self.gets: list[str] = []
        self.gives: int | None = None
        self.url = ""
        self.before: Callable[[str], None] = lambda _: None

    def api(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        self.before(path)
        url = urlsplit(path)
        answer = self.datasets.cloud.call(
            method, url.path, dict(parse_qsl(url.query)), body, "application/json"
        )
        text = json.dumps(answer.body)
        # Signed requests go to moto in this process, which has no address of its own.
        host = f"https://{DATASETS.datasets_bucket}.s3.eu-central-1.amazonaws.com"
        return answer.status, text.replace(host, f"{self.url}/bucket").encode()

    def bucket(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        key = urlsplit(path).path.removeprefix("/bucket/")
        if method == "GET":
            if key.startswith("content/"):
                if self.gives is not None and len(self.gets) >= self.gives:
                    return 503, b"slow down"
                self.gets.append(key.rpartition("/")[2])
            s3 = self.datasets.cloud.s3
            found = s3.get_object(Bucket=DATASETS.datasets_bucket, Key=key)
            return 200, found["Body"].read()
        if self.stops_after is not None and len(self.puts) >= self.stops_after:
            return 503, b"slow down"
        if key in self.puts:
            return 412, b"there already"
        assert body is not None
        assert key.endswith(sha(body))
        self.puts.append(key)
        self.datasets.cloud.s3.put_object(Bucket=DATASETS.datasets_bucket, Key=key, Body=body)
        if self.curates:
            self.datasets.arrive(body)
        return 200, b""


@pytest.fixture
def stage(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    found = Stage(Datasets(empty_cloud))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            of = found.bucket if self.path.startswith("/bucket/") else found.api
            with lock:
                status, text = of(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  names of http.server

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr("infra.cli.datasets.sending._POLL_SECONDS", 0.01)
    monkeypatch.setattr("infra.cli.datasets.training._POLL_SECONDS", 0.01)
    monkeypatch.setattr("visionflow.client.uploads._PUT_PAUSES_S", (0.0, 0.0))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of two classes, one of them twice, and a file that is not an image."""
    files = {
        "cat/red.jpg": RED,
        "cat/red again.jpg": RED,
        "cat/green.jpg": GREEN,
        "dog/blue.jpg": BLUE,
        "dog/broken.jpg": b"not an image",
        "notes.txt": b"",
    }
    for name, data in files.items():
        file = tmp_path / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path / "images"


@pytest.fixture
def prefix(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> str:
    """Images that jobs train on, in parts; one twice, and a file that is none."""
    names = TrainingNames(
        DATASETS.datasets_bucket, DATASETS.datasets_table, "jobs", "jobs", "machine", "role"
    )
    reached = Endpoints(lambda: pytest.fail("not needed"), lambda: names, None)
    monkeypatch.setattr("infra.cli.datasets.take_over.endpoints", lambda _: reached)
    files = {
        "train/cat/red.jpg": RED,
        "train/cat/again/red.jpg": RED,
        "val/cat/green.jpg": GREEN,
        "test/dog/blue.jpg": BLUE,
        "train/dog/broken.jpg": b"not an image",
        "train/cat/notes.txt": b"",
    }
    for name, data in files.items():
        stage.datasets.cloud.s3.put_object(
            Bucket=DATASETS.datasets_bucket, Key=f"old/{name}", Body=data
        )
    return "old"


def run(stage: Stage, *arguments: str) -> int:
    return main([*arguments, "--api-url", stage.url])


def push(stage: Stage, folder: Path, *more: str) -> int:
    return run(stage, "data", "push", str(folder), "--dataset", NAME, *more)


def read(text: str) -> Any:
    """What a command answered, among the metrics that the API's handler writes in this process."""
    (answered,) = (found for line in text.splitlines() if "_aws" not in (found := json.loads(line)))
    return answered


def test_a_folder_is_pushed_with_its_classes(
    stage: Stage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A file that cannot be sent is said, and is the exit code.
    assert push(stage, folder, "--json", "--wait") == 1
    answered = capsys.readouterr()
    assert "broken.jpg" in answered.err
    pushed = read(answered.out)
    assert pushed == {
        "dataset": NAME,
        "sent": 3,
        "known": 0,
        "duplicates": 1,
        "unreadable": [str(folder / "dog" / "broken.jpg")],
        "erased": [],
        "ready": 3,
        "refused": 0,
    }
    found = {image["sha256"]: image for image in stage.datasets.images()}
    assert {image: found[image]["label"] for image in found} == {
        sha(RED): "cat",
        sha(GREEN): "cat",
        sha(BLUE): "dog",
    }
    assert {image["source"] for image in found.values()} == {"push"}


def test_a_push_that_was_cut_off_goes_on(
    stage: Stage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dog" / "broken.jpg").unlink()
    stage.curates, stage.stops_after = False, 1
    assert push(stage, folder) == 1
    assert "The bucket refused the image (503)" in capsys.readouterr().err
    # One image has arrived without being looked at, the others have not.
    stage.stops_after = None
    assert push(stage, folder, "--json") == 0
    answered = read(capsys.readouterr().out)
    assert (answered["sent"], answered["known"]) == (2, 1)
    assert len(stage.puts) == 3
    for data in (RED, BLUE, GREEN):
        stage.datasets.arrive(data)
    assert push(stage, folder, "--json") == 0
    answered = read(capsys.readouterr().out)
    assert (answered["sent"], answered["known"]) == (0, 3)


def test_waiting_is_for_images_of_this_push_and_ends_when_none_is_looked_at(
    stage: Stage,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "dog" / "broken.jpg").unlink()
    assert push(stage, folder) == 0
    # Of another push, and lost on its way.
    assert stage.datasets.upload(encode(plain("white"))).status == 200
    monkeypatch.setattr("infra.cli.datasets.sending._PATIENCE_S", 0.1)
    capsys.readouterr()
    assert push(stage, folder, "--json", "--wait") == 0
    assert read(capsys.readouterr().out)["ready"] == 3
    stage.curates = False
    (folder / "dog" / "black.jpg").write_bytes(encode(plain("black")))
    assert push(stage, folder, "--wait") == 1
    assert "1 or more images of animals still wait" in capsys.readouterr().err


def test_a_divided_folder_keeps_its_parts_and_adds_its_classes(
    stage: Stage, tmp_path: Path
) -> None:
    stage.datasets.post("", {"name": NAME, "classes": ["Cat"]})
    for name, data in {"train/cat/r.jpg": RED, "test/dog/b.jpg": BLUE}.items():
        file = tmp_path / "parts" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
    assert push(stage, tmp_path / "parts") == 0
    found = {image["sha256"]: image for image in stage.datasets.images()}
    assert (found[sha(RED)]["label"], found[sha(RED)]["part"]) == ("Cat", "train")
    assert (found[sha(BLUE)]["label"], found[sha(BLUE)]["part"]) == ("dog", "test")


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_images_is_refused(
    stage: Stage, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert push(stage, tmp_path / name) == 1
    assert name in capsys.readouterr().err
    assert stage.datasets.get("").body == {"items": []}


def keys(stage: Stage, prefix: str) -> list[str]:
    found = stage.datasets.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Contents", [])]


def test_a_prefix_of_jobs_is_taken_over_with_its_parts(
    stage: Stage, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = keys(stage, prefix)
    command = ("datasets", "take-over", prefix, "--dataset", NAME)
    assert run(stage, *command, "--json") == 1
    answered = capsys.readouterr()
    assert "old/train/dog/broken.jpg: " in answered.err
    taken = read(answered.out)
    assert taken["without_class"] == []
    assert taken["images"] | {"unreadable": 1} == {
        "dataset": NAME,
        "sent": 3,
        "known": 0,
        "duplicates": 1,
        "unreadable": 1,
        "erased": [],
        "ready": None,
        "refused": None,
    }
    assert keys(stage, prefix) == before
    # The copies have come by no request of ours, and wait for the curation as any.
    assert stage.puts == []
    for data in (RED, GREEN, BLUE):
        assert keys(stage, f"content/{NAME}/{sha(data)}")
        stage.datasets.arrive(data)
    found = {image["sha256"]: (image["label"], image["part"]) for image in stage.datasets.images()}
    assert found == {
        sha(RED): ("cat", "train"),
        sha(GREEN): ("cat", "validation"),
        sha(BLUE): ("dog", "test"),
    }
    assert run(stage, *command) == 1
    assert "0 taken over into animals, 3 there before, 1 found twice" in capsys.readouterr().out


def test_a_take_over_that_was_cut_off_goes_on(
    stage: Stage, prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = []

    def copy(store: ImageStore, bucket: str, key: str, version: str | None, to: str) -> None:
        copied.append(key)
        if len(copied) == 2:
            raise KeyboardInterrupt
        take_copy(store, bucket, key, version, to)

    take_copy = ImageStore.take_copy
    monkeypatch.setattr(ImageStore, "take_copy", copy)
    command = ("datasets", "take-over", f"s3://{DATASETS.datasets_bucket}/{prefix}/")
    assert run(stage, *command, "--dataset", NAME) == 130
    for data in (RED, GREEN, BLUE):
        if keys(stage, f"content/{NAME}/{sha(data)}"):
            stage.datasets.arrive(data)
    capsys.readouterr()
    assert run(stage, *command, "--dataset", NAME, "--json") == 1
    images = read(capsys.readouterr().out)["images"]
    assert images["sent"] + images["known"] == 3
    assert images["known"] >= 1
    assert len(keys(stage, f"content/{NAME}/")) == 3


def test_images_without_a_class_are_named_and_left(
    stage: Stage, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = stage.datasets.cloud.s3
    for name in ("flat/alone.jpg", "flat/cat/red.jpg", "flat/con/x.jpg"):
        s3.put_object(Bucket=DATASETS.datasets_bucket, Key=name, Body=RED)
    assert run(stage, "datasets", "take-over", "flat", "--dataset", NAME) == 1
    answered = capsys.readouterr().out
    assert "2 lie in no folder that can be a class: alone.jpg, con/x.jpg." in answered
    assert "1 taken over" in answered


@pytest.mark.parametrize(
    ("prefix_text", "sentence"),
    [
        ("nothing", "has no images"),
        ("s3://other/old", "only prefixes of s3://"),
        ("content/animals", "what datasets consist of"),
        ("/", "name a prefix of your own"),
    ],
)
def test_what_cannot_be_taken_over_says_why(
    stage: Stage,
    prefix: str,
    prefix_text: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(stage, "datasets", "take-over", prefix_text, "--dataset", NAME) == 1
    assert sentence in capsys.readouterr().err
    assert stage.datasets.get("").body == {"items": []}


def lineage(*images: tuple[str, bytes]) -> bytes:
    """What ``visionflow data collect`` writes of copies of predictions' images."""
    origins = (
        Origin(
            file=f"cat/{prediction}.jpg",
            sha256=sha(data),
            prediction_id=prediction,
            bucket="b",
            key="k",
            version_id=None,
            model=None,
            answered=None,
            confidence=None,
            label="cat",
            labelled_at="2030-01-01",
            labelled_by="l",
        )
        for prediction, data in images
    )
    return "".join(f"{json.dumps(strict.to_dict(origin))}\n" for origin in origins).encode()


@pytest.mark.parametrize("form", ["folder", "zip", "prefix"])
def test_a_collected_copy_goes_when_its_prediction_is_erased(
    stage: Stage, prefix: str, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tiny_artifact(tmp_path / "model")
    stage.datasets.cloud.publish(tmp_path / "model")
    red, green = (predicted(stage.datasets, image)["id"] for image in (RED, GREEN))
    assert erase(stage, green) == 200
    origins = lineage((red, RED), (green, GREEN), ("expired", BLUE))
    files = {f"cat/{red}.jpg": RED, f"cat/{green}.jpg": GREEN, "dog/expired.jpg": BLUE}
    for name, data in {**files, "lineage.jsonl": origins}.items():
        file = tmp_path / "collected" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        stage.datasets.cloud.s3.put_object(
            Bucket=DATASETS.datasets_bucket, Key=f"collected/{name}", Body=data
        )
    source = str(tmp_path / "collected")
    if form == "zip":
        source = shutil.make_archive(source, "zip", tmp_path, "collected")
    command = (
        ("datasets", "take-over", "collected") if form == "prefix" else ("data", "push", source)
    )
    capsys.readouterr()
    # What was erased already is not brought back, and that is said.
    assert run(stage, *command, "--dataset", NAME) == 1
    assert f"{green}.jpg: is a copy of an image that was erased." in capsys.readouterr().err
    if form == "prefix":
        for data in (RED, BLUE):
            stage.datasets.arrive(data)
    found = {image["sha256"]: image["source"] for image in stage.datasets.images()}
    assert found == {sha(RED): f"prediction:{red}", sha(BLUE): "push"}
    assert erase(stage, red) == 200
    assert [image["sha256"] for image in stage.datasets.images()] == [sha(BLUE)]
    assert keys(stage, f"content/{NAME}/") == [f"content/{NAME}/{sha(BLUE)}"]


def erase(stage: Stage, prediction_id: str) -> int:
    return stage.datasets.cloud.call("DELETE", f"/predictions/{prediction_id}").status


def test_a_version_is_exported_as_zip_lines_and_table(
    stage: Stage, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(stage, folder)
    assert run(stage, "datasets", "freeze", NAME, "--note", "first") == 0
    out = tmp_path / "out.zip"
    assert run(stage, "datasets", "export", NAME, "1", "--out", str(out)) == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.read(f"dog/{sha(BLUE)}.jpg") == BLUE
        lines = archive.read("manifest.jsonl").decode().splitlines()
        assert sorted(archive.namelist()) == sorted(
            [
                f"cat/{sha(RED)}.jpg",
                f"cat/{sha(GREEN)}.jpg",
                f"dog/{sha(BLUE)}.jpg",
                *("manifest.csv", "manifest.jsonl"),
            ]
        )
    assert [json.loads(line)["sha256"] for line in lines] == sorted(map(sha, (RED, BLUE, GREEN)))
    table = tmp_path / "out.csv"
    assert run(stage, "datasets", "export", NAME, "1", "--out", str(table)) == 0
    with table.open(encoding="utf-8-sig", newline="") as rows:
        named = {row["sha256"]: row["file_name"] for row in csv.DictReader(rows)}
    assert named == {sha(RED): "red again.jpg", sha(BLUE): "blue.jpg", sha(GREEN): "green.jpg"}
    # Where the zip is unpacked, its table names the files.
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "whole")
    assert len(read_source(tmp_path / "whole" / "manifest.csv", tmp_path).images) == 3
    assert len(read_source(tmp_path / "whole" / "manifest.jsonl", tmp_path).images) == 3
    # What was exported makes the same images again.
    again = read_source(out, tmp_path / "unpacked").images
    assert {(sha(image.file.read_bytes()), image.label) for image in again} == {
        (row["sha256"], row["label"]) for row in map(json.loads, lines)
    }
    assert run(stage, "datasets", "export", NAME, "1", "--out", str(tmp_path / "a.tar")) == 1
    assert run(stage, "datasets", "export", NAME, "2", "--out", str(out)) == 1
    assert "has no version 2" in capsys.readouterr().err


@pytest.mark.parametrize("meanwhile", ["nothing", "erased", "overwritten"])
def test_an_export_that_was_cut_off_goes_on(
    stage: Stage, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    push(stage, folder)
    assert run(stage, "datasets", "freeze", NAME) == 0
    command = ("datasets", "export", NAME, "1", "--out", str(tmp_path / "out.zip"))
    monkeypatch.setattr("infra.cli.datasets.export._AHEAD", 1)
    stage.gives = 2
    assert run(stage, *command) == 1
    assert not (tmp_path / "out.zip").exists()
    begun, stage.gets, stage.gives = {*stage.gets}, [], None
    hashes = {sha(data) for data in (RED, GREEN, BLUE)}
    missing = hashes - begun
    if meanwhile == "erased":
        stage.datasets.store.sources.erase(NAME, min(begun))
        hashes -= {min(begun)}
    if meanwhile == "overwritten":
        (tmp_path / "out.zip.part").write_bytes(b"not a zip")
    assert run(stage, *command) == 0
    # Only what was missing, unless what was there could not be used.
    assert {*stage.gets} == (missing if meanwhile == "nothing" else hashes)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        images = [name for name in archive.namelist() if name.endswith(".jpg")]
        assert {sha(archive.read(name)) for name in images} == hashes
        assert len(archive.read("manifest.jsonl").decode().splitlines()) == len(hashes)
    assert not (tmp_path / "out.zip.part").exists()


def test_an_erased_image_is_left_out_of_an_export(
    stage: Stage, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(stage, folder)
    assert run(stage, "datasets", "freeze", NAME) == 0
    stage.datasets.store.sources.erase(NAME, sha(BLUE))
    out = tmp_path / "out.zip"
    capsys.readouterr()
    assert run(stage, "datasets", "export", NAME, "1", "--out", str(out)) == 0
    answered = capsys.readouterr().out
    assert "2 images of animals. 1 were erased since" in answered
    # The rest can be pushed again.
    again = read_source(out, tmp_path / "unpacked").images
    assert {sha(image.file.read_bytes()) for image in again} == {sha(RED), sha(GREEN)}
    with zipfile.ZipFile(out) as archive:
        assert sha(BLUE) not in archive.read("manifest.csv").decode()


@pytest.mark.parametrize("form", ["zip", "folder", "manifest.csv", "manifest.jsonl"])
def test_an_exported_copy_that_is_pushed_goes_when_its_prediction_is_erased(
    stage: Stage, tmp_path: Path, form: str
) -> None:
    write_tiny_artifact(tmp_path / "model")
    stage.datasets.cloud.publish(tmp_path / "model")
    red = predicted(stage.datasets, RED)["id"]
    image = VersionImage(
        sha256=sha(RED),
        label="cat",
        part=None,
        group=None,
        source=f"prediction:{red}",
        added_by="x",
        added_at="t",
    )
    names = {image.sha256: "cat/red.jpg"}
    whole = tmp_path / "whole"
    (whole / "cat").mkdir(parents=True)
    (whole / "cat" / "red.jpg").write_bytes(RED)
    if form != "manifest.jsonl":
        (whole / "manifest.csv").write_text(csv_lines([image], names), encoding="utf-8-sig")
    if form != "manifest.csv":
        (whole / "manifest.jsonl").write_text(json_lines([image], names))
    source = {"folder": whole, "zip": tmp_path / "whole.zip"}.get(form, whole / form)
    if form == "zip":
        shutil.make_archive(str(whole), "zip", whole)
    assert push(stage, source) == 0
    assert [found["source"] for found in stage.datasets.images()] == [f"prediction:{red}"]
    assert erase(stage, red) == 200
    assert stage.datasets.images() == []


def test_datasets_are_shown_changed_and_deleted(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stage, "datasets", "create", NAME, "cat", "dog") == 0
    assert run(stage, "datasets", "classes", NAME, "--rename", "dog", "wolf", "--json") == 0
    capsys.readouterr()
    assert run(stage, "datasets", "classes", NAME, "--describe", "wolf", "--ko", "늑대") == 0
    assert "늑대" in capsys.readouterr().out
    for command in ("show", "versions", "runs"):
        assert run(stage, "datasets", command, NAME) == 0
    assert run(stage, "datasets", "list") == 0
    assert NAME in capsys.readouterr().out
    assert run(stage, "datasets", "delete", NAME) == 1
    assert "--yes" in capsys.readouterr().err
    assert run(stage, "datasets", "delete", NAME, "--yes") == 0
    assert run(stage, "datasets", "show", NAME) == 1
    assert "dataset_missing" in capsys.readouterr().err


def test_a_rule_is_set_shown_and_ended(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert run(stage, "datasets", "flow", NAME, *arguments) == 0
        return capsys.readouterr().out

    assert run(stage, "datasets", "create", NAME, "cat", "dog") == 0
    assert "No records flow in by a rule." in said()
    line = "Records that are uncertain or corrected flow in, 50 a day."
    assert line in said("--kinds", "uncertain,corrected")
    assert line in said()
    line = (
        "Records of tiny that are unfamiliar flow in, 7 a day; enough new labels start a training, "
        "once a day."
    )
    assert line in said("--kinds", "unfamiliar", "--model", "tiny", "--per-day", "7", "--train")
    assert run(stage, "datasets", "show", NAME) == 0
    shown = capsys.readouterr().out
    assert line in shown
    assert "0 images have flowed in today (UTC)." in shown
    for wrong, named in ((["--kinds", "all"], "invalid_body"), (["--train"], "--kinds")):
        assert run(stage, "datasets", "flow", NAME, *wrong) == 1
        assert named in capsys.readouterr().err
    assert "No records flow in by a rule." in said("--off")


def test_what_to_do_next_is_said_with_its_commands(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = Compared(
        model=NAME,
        version="1",
        images=40,
        groups=30,
        before=0.948,
        after=0.961,
        difference_low=0.0,
        difference_high=0.02,
    )
    assert run(stage, "datasets", "create", NAME, "cat", "dog") == 0
    capsys.readouterr()
    api = stage.api

    def proposing(method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        status, text = api(method, path, body)
        done = InstantRun(
            id="1",
            dataset=NAME,
            version=2,
            model=NAME,
            state="done",
            started_at="2026-01-01T00:00:00.000000Z",
            started_by="ada",
            promote=False,
            model_version="2",
            result=RunResult(
                top1=0.96,
                top1_low=0.9,
                top1_high=1.0,
                images=40,
                groups=30,
                worst=(),
                compared=compared,
            ),
        )
        health = health_of(
            (DatasetClass(name="cat"), DatasetClass(name="dog")),
            [],
            Learned(version=2, labels={}),
        )
        proposal = Proposal(version=2, labels=35, needed=20, run=done)
        more = {"run": done, "proposal": proposal, "health": health}
        found = json.loads(text) | strict.to_dict(more)
        return status, json.dumps(found).encode()

    stage.api = proposing  # type: ignore[method-assign]
    assert run(stage, "datasets", "show", NAME) == 0
    shown = capsys.readouterr().out
    for line in (
        "Label images of two classes at least.",
        "Add 20 images of cat, which has 0.",
        f"{NAME} 1 has 94.8% on 40 of them, and this one 96.1%.",
        "35 labels are new since version 2, the last that was trained on; 20 are worth a training.",
        f"Train on them: visionflow datasets train {NAME}",
        f"{NAME} 2 gives 96.1% instead of 94.8% on the same 40 test images. Too close to tell: "
        "+0.0% to +2.0% (95 % interval).",
        f"visionflow models canary {NAME}/2 --percent 10",
        f"visionflow models promote {NAME}/2",
    ):
        assert line in shown


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.05, "Better"), (-0.05, -0.01, "Worse"), (-0.01, 0.05, "Too close to tell")],
)
def test_a_comparison_says_what_its_interval_does(low: float, high: float, said: str) -> None:
    text = difference(answers.Compared("tiny", "1", 100, 10, 0.5, 0.5, low, high))
    assert text == f"{said}: {low:+.1%} to {high:+.1%} (95 % interval)."


def test_versions_are_compared(
    stage: Stage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(stage, folder)
    run(stage, "datasets", "freeze", NAME)
    stage.datasets.post(f"/{NAME}/changes", {"changes": [{"sha256": sha(RED), "label": "dog"}]})
    run(stage, "datasets", "freeze", NAME)
    capsys.readouterr()
    assert run(stage, "datasets", "diff", NAME, "2") == 0
    answered = capsys.readouterr().out
    assert "From version 1 to 2: 0 added, 0 removed, 1 relabelled." in answered
    assert f"~ {sha(RED)} cat -> dog" in answered


@pytest.fixture
def machine() -> str:
    """A state machine that does nothing: the tests do what it would."""
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    arn: str = boto3.client("stepfunctions").create_state_machine(
        name="instant",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/instant",
    )["stateMachineArn"]
    return arn


def train_afterwards(stage: Stage, folder: Path, finish: Callable[[InstantRun], object]) -> None:
    """Two images a class, and ``finish`` with a training as soon as somebody looks at it."""
    (folder / "dog" / "second.jpg").write_bytes(encode(plain("navy")))
    push(stage, folder)

    def finish_once(path: str) -> None:
        if "/runs/" in path:
            stage.before = lambda _: None
            finish(stage.datasets.runs.run(NAME, path.rpartition("/")[2].partition("?")[0]))

    stage.before = finish_once


def test_a_training_is_followed_to_its_result(
    stage: Stage, folder: Path, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = stage.datasets.runs

    def finish(run: InstantRun) -> None:
        begun = runs.begin(runs.name_version(run, 1), "fit", "2030-01-01", 4)
        worst = tuple(Confusion(label=str(n), answered="dog", count=9 - n) for n in range(4))
        result = RunResult(top1=0.75, top1_low=0.5, top1_high=0.9, images=4, groups=3, worst=worst)
        runs.finish(begun, "2030-01-01", "1-a", result, serves=True)

    train_afterwards(stage, folder, finish)
    capsys.readouterr()
    with every_end_kept():
        assert run(stage, "datasets", "train", NAME, "--promote") == 0
    answered = capsys.readouterr()
    assert "animals 1-a serves, from version 1." in answered.out
    assert "75.0% (95 % interval 50.0% to 90.0%) on 4 test images in 3 groups" in answered.out
    assert [line.split()[0] for line in answered.out.splitlines()[-4:]] == ["LABEL", *"012"]
    assert "is waiting" in answered.err
    assert run(stage, "datasets", "runs", NAME) == 0
    assert "75.0%" in capsys.readouterr().out


def test_a_training_that_failed_says_why(
    stage: Stage, folder: Path, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = stage.datasets.runs
    train_afterwards(
        stage,
        folder,
        lambda run: runs.fail(NAME, run.id, "2030-01-01", "run_refused", "Too few images."),
    )
    assert run(stage, "datasets", "train", NAME) == 1
    assert "failed: Too few images. (run_refused)" in capsys.readouterr().out


def test_a_training_may_be_left_alone(
    stage: Stage, folder: Path, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    push(stage, folder)
    assert run(stage, "datasets", "train", NAME) == 1
    assert "'dog' has 1 images" in capsys.readouterr().err
    (folder / "dog" / "second.jpg").write_bytes(encode(plain("navy")))
    push(stage, folder)
    capsys.readouterr()
    assert run(stage, "datasets", "train", NAME, "--no-wait") == 0
    assert "is waiting." in capsys.readouterr().out


def test_a_version_is_trained_again_whatever_the_dataset_holds_now(
    stage: Stage, folder: Path, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    push(stage, folder)
    run(stage, "datasets", "freeze", NAME)
    stage.datasets.post(f"/{NAME}/changes", {"changes": [{"sha256": sha(BLUE), "removed": True}]})
    assert run(stage, "datasets", "train", NAME, "--version", "2") == 1
    assert "has no version 2" in capsys.readouterr().err
    assert run(stage, "datasets", "train", NAME, "--version", "1", "--no-wait") == 0
    (started,) = stage.datasets.runs.runs(NAME)
    assert (started.version, started.state) == (1, "waiting")


def test_a_model_says_which_version_of_which_dataset_it_came_from(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version, config in (("1-a", {"dataset": {"name": NAME, "version": 1}}), ("2", {})):
        write_tiny_artifact(tmp_path / version, version)
        file = tmp_path / version / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"config": config}))
        stage.datasets.cloud.publish(tmp_path / version, promote=False)
    assert run(stage, "datasets", "source", "1-a") == 0
    answered = capsys.readouterr().out
    assert f"1-a was trained on version 1 of {NAME}." in answered
    assert f"visionflow datasets export {NAME} 1 --out" in answered
    assert f"visionflow datasets train {NAME} --version 1 --model tiny" in answered
    assert run(stage, "datasets", "source", "tiny/1-a", "--json") == 0
    assert read(capsys.readouterr().out) == {"name": NAME, "version": 1}
    assert run(stage, "datasets", "source", "2") == 1
    assert "tiny 2 was not trained on a dataset" in capsys.readouterr().err
    assert run(stage, "datasets", "source", "3") == 1
    assert "No model or version is called '3'" in capsys.readouterr().err
    assert run(stage, "datasets", "source", "tiny/3") == 1
    assert "model_not_found" in capsys.readouterr().err


def test_no_cell_of_a_table_is_a_formula() -> None:
    image = VersionImage(
        sha256="a", label="=1+1", part=None, group=None, source="push", added_by="@x", added_at="t"
    )
    assert csv_lines([image], {"a": "@x"}).splitlines() == [
        "sha256,file_name,label,part,group,source",
        "a,'@x,'=1+1,,,push",
    ]
