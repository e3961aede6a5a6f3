"""The bills of materials name what is shipped, by the locks that it is installed from."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from infra.packaging.sbom import DASHBOARD, PYTHON_PARTS, SPEC_VERSION, write_sboms
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import training_bundle

PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)((?:.*\\\n)*.*)", re.MULTILINE)
SHA256 = re.compile(r"sha256:([0-9a-f]{64})")


@pytest.fixture(scope="module")
def sboms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    files = write_sboms(tmp_path_factory.mktemp("sbom"))
    return {file.name.removesuffix(".cdx.json"): json.loads(file.read_text()) for file in files}


def pins(lock: Path) -> Iterator[tuple[str, str, frozenset[str]]]:
    for name, version, rest in PIN.findall(lock.read_text(encoding="utf-8")):
        yield canonicalize_name(name), version, frozenset(SHA256.findall(rest))


def listed(component: dict[str, Any]) -> tuple[str, str, frozenset[str]]:
    hashes = [
        one["content"] for link in component["externalReferences"] for one in link.get("hashes", ())
    ]
    return canonicalize_name(component["name"]), component["version"], frozenset(hashes)


@pytest.mark.parametrize("part", PYTHON_PARTS)
def test_a_part_in_python_is_what_its_lock_pins(sboms: dict[str, Any], part: str) -> None:
    found = {listed(component) for component in sboms[part]["components"]}
    locked = set(pins(PROJECT / PYTHON_PARTS[part]))
    assert locked
    assert all(hashes for _, _, hashes in locked)
    assert found == locked


def test_the_dashboard_is_what_its_lock_pins(sboms: dict[str, Any]) -> None:
    lock = json.loads((PROJECT / DASHBOARD / "package-lock.json").read_text())
    locked = {
        (path.rpartition("node_modules/")[2], package["version"])
        for path, package in lock["packages"].items()
        if path and not package.get("link")
        if not package.get("dev") and not package.get("devOptional")
    }
    found = {(one["name"], one["version"]) for one in sboms[DASHBOARD]["components"]}
    assert found == locked
    assert locked


def test_the_files_are_valid(sboms: dict[str, Any]) -> None:
    validator = JsonStrictValidator(SchemaVersion.from_version(SPEC_VERSION))
    for document in sboms.values():
        assert validator.validate_str(json.dumps(document)) is None
        assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", SPEC_VERSION)


def test_machines_install_the_lock_that_is_listed() -> None:
    with zipfile.ZipFile(training_bundle(PROJECT).path) as bundle:
        names = [name for name in bundle.namelist() if name.endswith("requirements.txt")]
        shipped = bundle.read(names[0]).decode()
    assert shipped == (PROJECT / PYTHON_PARTS["training-machine"]).read_text(encoding="utf-8")
