"""``visionflow predict`` on many images: found, answered once each, written as they come."""

import base64
import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from infra.cli.classify import command, inputs
from infra.cli.main import main
from infra.errors import CommandError
from tests.images import encode, plain
from visionflow.client import uploads
from visionflow.client.errors import ApiError, LimitError, NotAllowedError, UnavailableError

RED = encode(plain("red", (8, 8)))
MAP = "data:image/png;base64," + base64.b64encode(b"map of ").decode()
ALBUM = ["=cmd.jpg", "a.jpg", "b.jpg", "no-ending", "고양이.jpg", "deep/a.png", "deep/er/a.jpg"]


@dataclass
class Api:
    """Answers each image; ``broken`` maps file names to what is raised."""

    asked: list[str] = field(default_factory=list)
    broken: dict[str, Exception | type[BaseException]] = field(default_factory=dict)
    draws_nothing: bool = False

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
        self.asked.append(name)
        if name in self.broken:
            raise self.broken[name]
        labels = ["=1+1", "panda", "moose", "cat", "dog"][: options["top_k"] or 5]
        return {
            "id": f"id-{name}",
            "status": "ok",
            "label": labels[0],
            "parents": [],
            "confidence": 0.9,
            "unknown_reason": None,
            "top_k": [{"label": label, "confidence": 0.9 / n} for n, label in enumerate(labels, 1)],
            "model": {"name": "tiny", "version": "1"},
            "error": None,
            "timings": {"infer": 1.0},
            "image": {"key": name},
            "explanation": {"overlay": MAP} if options["explain"] else None,
            "prediction_set": None,
        }

    def send(self, method: str, path: str, _query: Any = None, **_: Any) -> dict[str, Any]:
        assert (method, path[-12:]) == ("GET", "/explanation")
        prediction_id = unquote(path.split("/")[2])
        drawn = base64.b64encode(f"map of {prediction_id}".encode()).decode()
        found = {"overlay": f"data:image/png;base64,{drawn}"}
        return {"id": prediction_id, "explanation": None if self.draws_nothing else found}


def by_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image is too large for a direct call."""
    monkeypatch.setattr(command, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(uploads, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(
        uploads,
        "_by_bucket",
        lambda api, data, name, _: api._predict(data, name, explain=False, top_k=None),
    )


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    monkeypatch.setattr("infra.cli.classify.command.api_client", lambda _: found)
    return found


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images at any depth, with what systems and people leave among them."""
    monkeypatch.chdir(tmp_path)
    top = tmp_path / "album"
    junk = (
        "Thumbs.db",
        ".DS_Store",
        "@eaDir/a.jpg",
        "__MACOSX/._a.jpg",
        ".hidden/a.jpg",
        "._b.jpg",
    )
    for name in (*reversed(ALBUM), *junk, "._b.jpg", "notes.txt", "empty.jpg"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(RED)
    (top / "notes.txt").write_text("a list")
    (top / "empty.jpg").write_bytes(b"")
    (top / "deep/loop").symlink_to(top)
    (top / "deep/nowhere.jpg").symlink_to("gone.jpg")
    return top


def rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def names(found: inputs.Inputs) -> list[str]:
    return [image.name for image in found.images]


def test_a_folder_is_walked_without_what_systems_leave(album: Path) -> None:
    found = inputs.find(["album"])
    assert names(found) == [f"album/{name}" for name in ALBUM]
    assert found.unreadable == ["album/deep/nowhere.jpg"]
    assert found.left_out["not an image"] == ["album/empty.jpg", "album/notes.txt"]
    assert sorted(Path(name).name for name in found.left_out["of the system"]) == [
        *(".DS_Store", "._b.jpg", ".hidden", "@eaDir", "Thumbs.db", "__MACOSX")
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("album/*.jpg", ["album/=cmd.jpg", "album/a.jpg", "album/b.jpg", "album/empty.jpg"]),
        ("album/**/a.*", ["album/a.jpg", "album/deep/a.png", "album/deep/er/a.jpg"]),
    ],
)
def test_a_quoted_pattern_is_expanded(album: Path, pattern: str, expected: list[str]) -> None:
    found = [name for name in names(inputs.find([pattern])) if "고양이" not in name]
    assert [name for name in found if "loop" not in name] == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(album: Path) -> None:
    (album / "[1].jpg").write_bytes(RED)
    assert names(inputs.find(["album/[1].jpg"])) == ["album/[1].jpg"]


def test_a_pattern_that_nothing_matches_costs_no_other_argument(
    album: Path, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "album/*.tiff", "album/a.jpg"]) == 1
    said = capsys.readouterr()
    assert "album/*.tiff: nothing matches it" in said.err
    assert "album/a.jpg" in said.out
    assert main(["predict", "album/*.tiff"]) == 1
    assert "Nothing matches album/*.tiff." in capsys.readouterr().err


def test_an_image_that_is_named_twice_is_taken_once(album: Path) -> None:
    found = names(inputs.find(["album/a.jpg", "album", "album/*.jpg", str(album / "b.jpg")]))
    assert sorted(found) == sorted(["album/empty.jpg", *(f"album/{name}" for name in ALBUM)])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\0"])
def test_stdin_has_an_image_or_paths(album: Path, end: str) -> None:
    through = io.BytesIO(f"album/a.jpg{end}album/deep{end}".encode())
    assert names(inputs.find(["-"], lambda: through)) == [
        *("album/a.jpg", "album/deep/a.png", "album/deep/er/a.jpg", "album/deep/loop/=cmd.jpg"),
        *(f"album/deep/loop/{name}" for name in ("b.jpg", "no-ending", "고양이.jpg")),
    ]
    (image,) = inputs.find(["-"], lambda: io.BytesIO(RED)).images
    assert (image.name, image.read()) == ("stdin", RED)


def test_a_text_that_begins_like_an_image_is_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in (
        ("BMW/1.jpg", RED),
        ("t/BMW.txt", b"BMW 320, a list of what is in the folder\n"),
        ("t/x.bmp", encode(plain("red", (8, 8)), "BMP")),
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)
    found = inputs.find(["-"], lambda: io.BytesIO(b"BMW/1.jpg\nt\n"))
    assert names(found) == ["BMW/1.jpg", "t/x.bmp"]
    assert found.left_out == {"not an image": ["t/BMW.txt"]}


@pytest.mark.parametrize("data", [b"", b" \n", b"%PDF-1.7\n\x01\x02\xe2"])
def test_nothing_useful_through_stdin_is_said(data: bytes) -> None:
    with pytest.raises(CommandError, match="stdin"):
        inputs.find(["-"], lambda: io.BytesIO(data))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_paths_may_come_as_powershell_writes_them(album: Path, encoding: str) -> None:
    through = io.BytesIO("album/고양이.jpg\r\nalbum/a.jpg\r\n".encode(encoding))
    assert names(inputs.find(["-"], lambda: through)) == ["album/고양이.jpg", "album/a.jpg"]


def test_a_path_in_another_encoding_costs_no_other_path(
    album: Path, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b"album/a.jpg\n" + "album/개.jpg\n".encode("cp949") + b"album/b.jpg\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main(["predict", "-"]) == 1
    assert api.asked == ["a.jpg", "b.jpg"]
    assert r"album/\xb0\xb3.jpg: cannot be read" in capsys.readouterr().err


def test_the_table_shows_as_many_labels_as_were_asked_for(
    album: Path, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "album/a.jpg", "--top-k", "2"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.endswith("TOP 2")
    assert row.endswith("=1+1 90.0%, panda 45.0%")


def test_with_json_each_image_is_one_line_also_one_that_failed(
    album: Path, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    api.broken["b.jpg"] = ApiError("No. (422, image_truncated)", "image_truncated")
    files = ["album/a.jpg", "album/nothing.jpg", "album/b.jpg", "album/no-ending"]
    assert main(["predict", *files, "--json"]) == 1
    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [line["file"] for line in lines] == files
    codes = [line["error"] and line["error"]["code"] for line in lines]
    assert codes == [None, "file_unreadable", "image_truncated", None]


def test_an_image_for_the_bucket_gets_its_heatmap_afterwards(
    album: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_bucket(monkeypatch)
    assert main(["predict", "album/a.jpg", "--explain", "maps", "--out", "out.csv"]) == 0
    assert Path("maps/a.png").read_bytes() == b"map of id-a.jpg"
    (row,) = rows(Path("out.csv"))
    assert row["heatmap"] == "maps/a.png"
    api.draws_nothing = True
    assert main(["predict", "album/b.jpg", "--explain", "maps", "--out", "out.csv"]) == 1
    assert not Path("maps/b.png").exists()


def test_answers_are_written_with_all_labels_and_run_no_formula(album: Path, api: Api) -> None:
    assert main(["predict", "album", "--out", "out.csv"]) == 1  # a link leads nowhere
    found = rows(Path("out.csv"))
    assert [row["file"] for row in found] == [f"album/{name}" for name in ALBUM]
    assert [found[0][f"label_{n}"] for n in (1, 2, 5)] == ["'=1+1", "panda", "dog"]
    assert found[0]["confidence_2"] == "0.45"
    assert (found[0]["model"], found[0]["id"]) == ("tiny/1", "id-=cmd.jpg")


def test_a_name_that_is_a_formula_is_escaped_and_found_again(
    album: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(album)
    for _ in range(2):
        assert main(["predict", "=cmd.jpg", "--out", "out.csv"]) == 0
    assert api.asked == ["=cmd.jpg"]
    assert [row["file"] for row in rows(Path("out.csv"))] == ["'=cmd.jpg"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("cut", [0, 1, 2, 30])
def test_it_goes_on_where_it_was_interrupted(album: Path, api: Api, kind: str, cut: int) -> None:
    """Also in the middle of a row; what was answered is not asked again."""
    (album / "deep/nowhere.jpg").unlink()
    out = Path(f"out.{kind}")
    command = ["predict", "album", "--out", str(out)]
    api.broken["no-ending"] = KeyboardInterrupt
    assert main(command) == 130
    written = out.read_bytes()
    out.write_bytes(written[: len(written) - cut] if cut else written)
    api.broken.clear()
    api.asked.clear()
    assert main(command) == 0
    assert len(api.asked) == 4 + (cut > 0)
    names = (
        [json.loads(line)["file"] for line in out.read_text().splitlines()]
        if kind == "jsonl"
        else [row["file"] for row in rows(out)]
    )
    assert names == [f"album/{name}" for name in ALBUM]
    before = out.read_bytes()
    assert main(command) == 0
    assert out.read_bytes() == before


def test_it_goes_on_past_failures_and_names_them(
    album: Path, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    api.broken = {
        "a.jpg": ApiError("It ends early (422, image_truncated)", "image_truncated"),
        "no-ending": UnavailableError("out of service", "no_answer"),
    }
    command = ["predict", "album", "gone.jpg", "--out", "out.jsonl"]
    assert main(command) == 1
    found = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    codes = {line["file"]: (line["error"] or {}).get("code") for line in found}
    # What may be answered in a moment is left for the next time.
    assert codes == {
        **{f"album/{name}": None for name in ALBUM if name != "no-ending"},
        **{"album/a.jpg": "image_truncated", "album/deep/er/a.jpg": "image_truncated"},
    }
    last = capsys.readouterr().err.splitlines()[-1]
    for name in ("album/a.jpg", "album/no-ending", "gone.jpg", "album/deep/nowhere.jpg"):
        assert name in last
    api.broken.clear()
    api.asked.clear()
    assert main(command) == 1
    assert api.asked == ["no-ending"]


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (LimitError("no more left (429, quota_exceeded)", "quota_exceeded"), 1),
        (NotAllowedError("the key is unknown", "not_accepted"), 1),
        (UnavailableError("out of service", "platform_unavailable"), 3),
    ],
)
def test_a_stage_that_refuses_every_image_ends_it(
    album: Path, api: Api, error: Exception, asked: int
) -> None:
    api.broken = {Path(name).name: error for name in ALBUM}
    assert main(["predict", "album", "--out", "out.csv"]) == 1
    assert len(api.asked) == asked
    assert rows(Path("out.csv")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("out.txt", None),
        ("out.csv", "name,price\r\n1,2\r\n"),
        ("out.jsonl", '{"name": 1}\n'),
        ("out.jsonl", "hello\n"),
    ],
)
def test_a_file_of_something_else_is_left_alone(
    album: Path, api: Api, name: str, text: str | None
) -> None:
    if text is not None:
        Path(name).write_bytes(text.encode())
    assert main(["predict", "album", "--out", name]) == 1
    assert api.asked == []
    assert (Path(name).read_bytes().decode() if text else None) == text


def test_images_of_one_name_have_a_heatmap_each(album: Path, api: Api) -> None:
    other = album.parent / "other"
    other.mkdir()
    for name in ("a.jpg", "A.JPG", "a.png", "b.jpg", "c.jpg"):
        (other / name).write_bytes(RED)
    command = ["predict", "album", "other", "album/a.jpg", "--explain", "maps", "--out", "o.jsonl"]
    main(command)
    found = [json.loads(line)["heatmap"] for line in Path("o.jsonl").read_text().splitlines()]
    assert len(found) == len(ALBUM) + 5
    assert len({name.casefold() for name in found}) == len(found)
    assert all(Path(name).read_bytes() == b"map of " for name in found)
    assert "maps/c.png" in found
    assert "maps/deep/er/a.png" in found


def test_a_table_names_the_images_by_their_paths(
    album: Path, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "album/a.jpg", "album/deep/er/a.jpg"]) == 0
    out = capsys.readouterr().out
    assert "album/a.jpg" in out
    assert "album/deep/er/a.jpg" in out
