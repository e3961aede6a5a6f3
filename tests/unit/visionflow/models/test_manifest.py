import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_model import write_tiny_artifact
from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    Manifest,
    never_unsure,
    read_artifact,
)
from visionflow_starter import STARTER

Artifact = tuple[Path, Manifest]


def test_a_manifest_survives_its_own_json(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    assert read_artifact(folder) == manifest
    assert Manifest.parse(manifest.to_json()) == manifest


@pytest.mark.parametrize(("threshold", "never"), [(0.0, True), (0.5, True), (0.51, False)])
def test_a_threshold_that_guessing_reaches_holds_nothing_back(
    threshold: float, never: bool
) -> None:
    assert never_unsure(threshold, 2) is never


def test_every_field_is_required_and_none_may_be_added(tiny_artifact: Artifact) -> None:
    data = strict.to_dict(tiny_artifact[1])
    for name in data:
        with pytest.raises(ConfigError, match=f"missing field {name}"):
            Manifest.parse(json.dumps({key: data[key] for key in data if key != name}))
    with pytest.raises(ConfigError, match="unknown field surprise"):
        Manifest.parse(json.dumps(data | {"surprise": 1}))


def test_a_manifest_of_schema_1_is_read_as_one_without_familiarity(
    tiny_artifact: Artifact,
) -> None:
    data = strict.to_dict(tiny_artifact[1]) | {"schema_version": 1}
    del data["familiarity"], data["conformity"], data["parents"]
    manifest = Manifest.parse(json.dumps(data))
    assert (manifest.familiarity, manifest.conformity, manifest.parents) == (None, (), ())


def test_a_manifest_of_schema_2_is_read_as_one_without_parents(tiny_artifact: Artifact) -> None:
    data = strict.to_dict(tiny_artifact[1]) | {"schema_version": 2}
    del data["parents"]
    assert Manifest.parse(json.dumps(data)) == tiny_artifact[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 4}, "schema_version"),
        ({"labels": [{"name": "a", "parent": "b"}]}, "lacks b"),
        ({"conformity": [0.9, 0.5]}, "conformity"),
        ({"conformity": [0.5, 1.5]}, "conformity"),
        ({"labels": []}, "labels"),
        ({"labels": [{"name": "a", "parent": None}] * 2}, "labels"),
        ({"precision": "int8"}, "files"),
        ({"temperature": 0.0}, "temperature"),
    ],
)
def test_a_manifest_that_cannot_be_served_is_refused(
    tiny_artifact: Artifact, change: dict[str, object], message: str
) -> None:
    data = strict.to_dict(tiny_artifact[1])
    with pytest.raises(ConfigError, match=message):
        Manifest.parse(json.dumps(data | change))


def changed(data: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """``data`` with the field at ``path`` replaced, such as ``labels.0.name``."""
    name, _, rest = path.partition(".")
    if rest:
        inner = data[name]
        if isinstance(inner, list):
            inner = dict(enumerate(inner))
            found = changed({str(k): v for k, v in inner.items()}, rest, value)
            value = [found[str(k)] for k in inner]
        else:
            value = changed(inner, rest, value)
    return data | {name: value}


TOO_LONG = "a" * 3_000
PATHS = (
    *("", "..", "../model.onnx", "/model.onnx", "a/../../model.onnx", "a//b", "a/", "./a", "~/a"),
    *("C:\\model.onnx", "a\\b", "a\nb", "a\x00", "\x1b]0;title\x07", "-rf", "a?b", "a#b", "ключ"),
    *("a" * 101, "a/" * 5 + "a", MANIFEST_NAME),
)
OUT_OF_RANGE: tuple[tuple[str, object], ...] = (
    *(("input.size", size) for size in (10_000_000, 2**63, 1_025, 3, 0, -1)),
    *(("input.resize", size) for size in (10_000_000, 33, 7, -1)),
    ("input.interpolation", "nearest"),
    *(
        (field, text)
        for field in ("labels.0.name", "parents.0.name", "labels.0.parent")
        for text in (TOO_LONG, "", " red", "red\n", "\x1b]0;red\x07", "..", "a/b", "lineage.jsonl")
    ),
    ("labels", [{"name": f"a{i}", "parent": None} for i in range(10_001)]),
    *(
        (field, text)
        for field in ("name", "version", "git_commit", "created_at", "dataset_sha256")
        for text in (TOO_LONG, "", "a\x1b[31m", "a\u202eb", " a")
    ),
    *(("created_at", at) for at in ("2030-13-01T00:00:00Z", "2030-01-01T00:00:00", "2030-01-01")),
    *(("files.fp32.path", path) for path in PATHS),
    *(("extra_files.0.path", path) for path in (*PATHS, "model.onnx")),
    *(("files.fp32.size", size) for size in (-1, 250_000_001, 10**18)),
    *(("extra_files.0.size", size) for size in (-1, 2_000_000_001)),
    *(("files.fp32.sha256", digest) for digest in ("", "0" * 63, "A" * 64, "0" * 64 + "\n")),
    ("extra_files", [{"path": f"{i}.png", "sha256": "0" * 64, "size": 1} for i in range(501)]),
    *(("opset", opset) for opset in (0, 6, 51, -1, 2**70)),
    *(("quantization.scheme", text) for text in ("", TOO_LONG, "a\x00")),
    *(("quantization.calibration_images", n) for n in (-1, 10**10)),
    ("quantization.excluded_nodes", ["node"] * 10_001),
    ("quantization.excluded_nodes", ["node\n"]),
    *(("quantization.fallback_reason", text) for text in ("", "a" * 2_001, "a\tb")),
    *(("temperature", t) for t in (0, -1, 1e-4, 1_001, 1e300)),
    *(("unknown_threshold", t) for t in (-0.1, 1.1, 1e300)),
    *(("familiarity.threshold", t) for t in (-11, 11)),
    *(("familiarity.least_detail", t) for t in (-1, 1e9)),
    *(("familiarity.kept", t) for t in (-0.1, 1.1)),
    ("conformity", [0.5] * 50_001),
    *(("metrics", {"top1": value}) for value in (1e300, -1e13, 1e-200)),
    *(("metrics", {name: 1.0}) for name in ("", TOO_LONG, "a\x00")),
    ("metrics", {f"m{i}": 1.0 for i in range(501)}),
    *(("gate.0.name", text) for text in ("", TOO_LONG, "a\x1b")),
    ("gate", [{"name": "a", "value": 0, "limit": 0, "passed": True}] * 501),
    ("library_versions", {"onnx": TOO_LONG}),
    ("library_versions", {"a\x00": "1"}),
    ("library_versions", {f"m{i}": "1" for i in range(501)}),
    ("config", json.loads('{"a":' * 9 + "1" + "}" * 9)),
    ("config", {"a": TOO_LONG}),
    ("config", {"a": ["\x1b]0;a"]}),
    ("config", {"a\n": 1}),
    ("config", {"a": 10**30}),
)


@pytest.mark.parametrize(("field", "value"), OUT_OF_RANGE)
def test_every_number_and_text_has_a_range(tmp_path: Path, field: str, value: object) -> None:
    (tmp_path / "report.json").write_text("{}")
    manifest = write_tiny_artifact(tmp_path, nested=True, familiar=True, extra=("report.json",))
    data = strict.to_dict(manifest)
    assert Manifest.parse(json.dumps(data)) == manifest
    with pytest.raises(ConfigError, match=r"^(manifest|input)") as refused:
        Manifest.parse(json.dumps(changed(data, field, value)))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_no_number_is_other_than_finite(tiny_artifact: Artifact, number: str) -> None:
    text = tiny_artifact[1].to_json().replace('"top1": 1.0', f'"top1": {number}')
    with pytest.raises(ConfigError, match="not valid JSON"):
        Manifest.parse(text)


def test_a_manifest_that_is_too_long_is_not_even_parsed(tiny_artifact: Artifact) -> None:
    with pytest.raises(ConfigError, match="2,000,000 bytes"):
        Manifest.parse(tiny_artifact[1].to_json() + " " * MAX_MANIFEST_BYTES)


def test_a_label_that_macos_took_apart_is_still_read(tiny_artifact: Artifact) -> None:
    data = strict.to_dict(tiny_artifact[1])
    data["labels"][0]["name"] = unicodedata.normalize("NFD", "고양이")
    assert Manifest.parse(json.dumps(data)).label_names[0] == data["labels"][0]["name"]


def test_the_starter_is_in_range() -> None:
    read_artifact(STARTER)


def test_an_altered_file_is_found(tiny_artifact: Artifact) -> None:
    folder, _ = tiny_artifact
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(ArtifactError, match="checksum"):
        read_artifact(folder)


@pytest.mark.parametrize("name", ["model.onnx", MANIFEST_NAME])
def test_a_missing_file_is_named(tiny_artifact: Artifact, name: str) -> None:
    folder, _ = tiny_artifact
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        read_artifact(folder)
