"""The Python client and the runner are for machines outside of AWS: no function carries them."""

import zipfile

import pytest

from infra.packaging import assets
from infra.packaging.bytecode import SOURCES
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import Package, instant_package


def names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as archive:
        return archive.namelist()


def test_no_zip_file_of_a_function_has_what_runs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "compiler_for", lambda _: SOURCES)
    layer, instant = names(assets.own_layer("common", "host")), names(instant_package(PROJECT))
    assert "python/visionflow/models/store.py" in layer
    assert "visionflow/models/store.py" in instant
    elsewhere = ("visionflow/client", "visionflow/edge", "training/edge_export")
    assert not [name for name in layer + instant if any(part in name for part in elsewhere)]
