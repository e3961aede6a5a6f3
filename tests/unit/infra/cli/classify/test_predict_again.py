"""``visionflow predict`` with the same ``--out`` again: what is asked, and what the file says."""

import csv
import io
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from infra.cli.classify import command
from infra.cli.main import main
from tests.images import encode, plain
from visionflow.client import uploads
from visionflow.client.errors import ApiError
from visionflow.images.filenames import clean_filename

RED, BLUE = (encode(plain(color, (8, 8))) for color in ("red", "blue"))
KINDS = pytest.mark.parametrize("out", ["out.csv", "out.jsonl"])
REFUSAL = ApiError("It ends early (422, image_truncated)", "image_truncated")


class Api:
    """Answers each image; ``refused`` maps bytes to what is raised for them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.refused: dict[bytes, Exception] = {}

    def post_bytes(
        self,
        _method: str,
        _path: str,
        query: dict[str, Any],
        data: bytes,
        headers: dict[str, str],
        *,
        repeatable: bool,
    ) -> dict[str, Any]:
        name = unquote(headers["Content-Disposition"].rpartition("'")[2])
        return self._predict(data, name, **query)

    def _predict(self, data: bytes, name: str, **options: Any) -> dict[str, Any]:
        self.asked.append((name, data))
        if data in self.refused:
            raise self.refused[data]
        return {
            "id": "one",
            "status": "ok",
            "label": "cat",
            "confidence": 0.9,
            "top_k": [{"label": "cat", "confidence": 0.9}],
            "model": {"name": "tiny", "version": "1"},
            "error": None,
            "timings": {"infer": 1.0},
            "prediction_set": None,
            "explanation": {"overlay": "data:image/png;base64,bWFw"}
            if options["explain"]
            else None,
        }

    def asked_now(self) -> list[str]:
        names = [name for name, _ in self.asked]
        self.asked.clear()
        return names


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    monkeypatch.setattr("infra.cli.classify.command.api_client", lambda _: found)
    monkeypatch.chdir(tmp_path)
    return found


def put(name: str, data: bytes = RED) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)


def through_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def rows(out: str) -> list[dict[str, Any]]:
    text = Path(out).read_bytes().decode("utf-8-sig")
    if out.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


@KINDS
@pytest.mark.parametrize("name", ["a/kids'-1.jpg", "a/'=1.jpg", "a/'+'@.jpg", "'-b.jpg", "=c.jpg"])
def test_an_apostrophe_in_a_name_is_part_of_it(api: Api, out: str, name: str) -> None:
    put(name)
    for _ in range(3):
        assert main(["predict", f"./{name}", "--out", out]) == 0
    assert api.asked_now() == [Path(name).name]
    other = name.replace("'", "")
    if other != name:
        put(other, BLUE)
        assert main(["predict", f"./{other}", "--out", out]) == 0
        assert api.asked_now() == [Path(other).name]


@KINDS
def test_what_comes_through_stdin_is_always_asked(
    api: Api, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in (RED, BLUE, BLUE):
        through_stdin(monkeypatch, data)
        assert main(["predict", "-", "--out", out]) == 0
    assert [data for _, data in api.asked] == [RED, BLUE, BLUE]
    assert len(rows(out)) == 3
    # The last row counts, though its bytes were first answered before the refusal.
    api.refused[BLUE] = REFUSAL
    for data, code in ((BLUE, 1), (RED, 0), (RED, 0)):
        through_stdin(monkeypatch, data)
        assert main(["predict", "-", "--out", out]) == code


@KINDS
def test_a_changed_file_is_asked_again(api: Api, out: str) -> None:
    put("a/1.jpg")
    put("a/2.jpg")
    for data, asked in ((RED, ["1.jpg", "2.jpg"]), (BLUE, ["1.jpg"]), (BLUE, []), (RED, [])):
        put("a/1.jpg", data)
        assert main(["predict", "a", "--out", out]) == 0
        assert api.asked_now() == asked
    assert [(row["file"], row["image_sha256"]) for row in rows(out)] == [
        ("a/1.jpg", sha256(RED).hexdigest()),
        ("a/2.jpg", sha256(RED).hexdigest()),
        ("a/1.jpg", sha256(BLUE).hexdigest()),
    ]


@KINDS
def test_folders_of_one_relative_name_are_different(
    api: Api, out: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put("m/pics/1.jpg", RED)
    put("n/pics/1.jpg", BLUE)
    for folder in ("m", "n", "m"):
        monkeypatch.chdir(tmp_path / folder)
        assert main(["predict", "pics", "--out", f"../{out}"]) == 0
    assert [data for _, data in api.asked] == [RED, BLUE]


@KINDS
def test_a_file_that_was_missing_is_asked_when_it_is_there(api: Api, out: str) -> None:
    put("a.jpg")
    assert main(["predict", "a.jpg", "b.jpg", "--out", out]) == 1
    put("b.jpg", BLUE)
    assert main(["predict", "a.jpg", "b.jpg", "--out", out]) == 0
    assert api.asked_now() == ["a.jpg", "b.jpg"]
    assert [(row["file"], row["status"]) for row in rows(out)] == [("a.jpg", "ok"), ("b.jpg", "ok")]


@KINDS
@pytest.mark.parametrize("code", ["image_missing", "image_archived", "body_too_large"])
def test_a_refusal_of_the_moment_is_asked_again(api: Api, out: str, code: str) -> None:
    put("a.jpg")
    api.refused[RED] = ApiError("not now", code)
    assert main(["predict", "a.jpg", "--out", out]) == 1
    assert rows(out) == []
    api.refused.clear()
    assert main(["predict", "a.jpg", "--out", out]) == 0
    assert [row["status"] for row in rows(out)] == ["ok"]


@KINDS
def test_a_refusal_in_the_file_is_told_until_its_image_is_replaced(
    api: Api, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put("a.jpg")
    put("b.jpg", BLUE)
    api.refused[RED] = REFUSAL
    both = ["predict", "a.jpg", "b.jpg", "--out", out]
    assert main(both) == 1
    assert api.asked_now() == ["a.jpg", "b.jpg"]
    for again in (both, ["predict", "b.jpg", "--out", out]):
        capsys.readouterr()
        assert main(again) == 1
        assert "1 failed: a.jpg" in capsys.readouterr().err
    assert api.asked_now() == []
    put("a.jpg", BLUE)
    assert main(both) == 0
    assert api.asked_now() == ["a.jpg"]
    put("a.jpg", RED)
    assert main(both) == 1
    assert api.asked_now() == []


@KINDS
def test_an_option_that_an_image_is_too_large_for_can_be_left_out(
    api: Api, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        put(f"q/{name}.jpg")
    monkeypatch.setattr(command, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(uploads, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(
        uploads, "_by_bucket", lambda api, data, name, _: api._predict(data, name, explain=False)
    )
    assert main(["predict", "q", "--out", out, "--coverage", "0.9"]) == 1
    assert (api.asked_now(), rows(out)) == ([], [])
    assert main(["predict", "q", "--out", out]) == 0
    assert api.asked_now() == [f"{name}.jpg" for name in "abcd"]


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", None])
def test_a_name_that_is_not_utf_8_is_shown_and_found_again(
    api: Api, out: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        put(os.fsdecode(b"k/" + "고양이.jpg".encode("cp949")))
    except OSError:
        pytest.skip("This file system takes UTF-8 alone.")
    shown = r"k/\xb0\xed\xbe\xe7\xc0\xcc.jpg"
    for _ in range(2):
        options = ["--out", out, "--explain", "maps"] if out else []
        assert main(["predict", "k", *options]) == 0
    if out is None:
        assert shown in capsys.readouterr().out
        return
    (sent,) = api.asked_now()
    assert clean_filename(sent) == sent == "??????.jpg"
    (row,) = rows(out)
    assert row["file"] == shown
    assert row["heatmap"] == "maps/" + Path(shown).with_suffix(".png").name
