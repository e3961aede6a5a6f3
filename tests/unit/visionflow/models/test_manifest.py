import json
from pathlib import Path

import pytest

from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact

Artifact = tuple[Path, Manifest]


def test_a_manifest_survives_its_own_json(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    assert read_artifact(folder) == manifest
    assert Manifest.parse(manifest.to_json()) == manifest


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
        ({"files": {"fp32": {"path": "../model.onnx", "sha256": "", "size": 1}}}, "leaves"),
        ({"files": {"fp32": {"path": "/model.onnx", "sha256": "", "size": 1}}}, "leaves"),
    ],
)
def test_a_manifest_that_cannot_be_served_is_refused(
    tiny_artifact: Artifact, change: dict[str, object], message: str
) -> None:
    data = strict.to_dict(tiny_artifact[1])
    with pytest.raises(ConfigError, match=message):
        Manifest.parse(json.dumps(data | change))


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
