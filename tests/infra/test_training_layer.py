"""The function that trains: what it may have, and that nothing it needs is left out."""

import json
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.app import build_app
from infra.errors import CommandError
from infra.packaging import zip_files
from infra.packaging.assets import Assets
from infra.packaging.training_layer import build_training_layer
from infra.stages import LOCAL, LayerTarget
from tests.infra import lone_training

# So that the next version of a package still fits.
ROOM = 5_000_000
# What Lambda's own runtime brings.
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3")


@pytest.mark.parametrize("target", ["host", "x86_64", "arm64"])
def test_code_and_layer_leave_room_below_lambdas_limit(assets: Assets, target: LayerTarget) -> None:
    layer = build_training_layer(target)
    found = assets.instant_code.unzipped_bytes + layer.unzipped_bytes
    assert found <= zip_files.MOST_UNZIPPED - ROOM


def test_what_does_not_fit_ends_the_synthesis(
    assets: Assets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on the local cloud, whose emulator creates a function of any size and updates none."""
    found = assets.instant_code.unzipped_bytes + assets.training_layer.unzipped_bytes
    monkeypatch.setattr(zip_files, "MOST_UNZIPPED", found - 1)
    with pytest.raises(CommandError) as raised:
        build_app(LOCAL, assets, outdir=str(tmp_path))
    layer = f"{assets.training_layer.path.stem} {assets.training_layer.unzipped_bytes / 1e6:.1f} MB"
    assert f"A function for host would have {found / 1e6:.1f} MB" in str(raised.value)
    assert layer in str(raised.value)


def test_the_layer_has_no_bytecode(assets: Assets) -> None:
    """With it the function would be larger where Lambda's Python is found, and not elsewhere."""
    with zipfile.ZipFile(assets.training_layer.path) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pyc")]


def test_code_and_layer_alone_are_enough_to_train(assets: Assets, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("code", "layer", "runtime", "work")}
    for package, name in ((assets.instant_code, "code"), (assets.training_layer, "layer")):
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(folders[name])
    folders["runtime"].mkdir()
    for name in RUNTIME:
        spec = find_spec(name)
        assert spec and spec.origin
        (folders["runtime"] / name).symlink_to(Path(spec.origin).parent)
    path = (folders["code"], folders["layer"] / "python", folders["runtime"])
    # -S -s -P: neither this environment's packages nor the script's folder.
    answer = subprocess.run(
        [sys.executable, "-S", "-s", "-P", lone_training.__file__, str(folders["work"])],
        env={"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["test_images"] == 20
    assert found["top1"] > 0.8
    assert found["skipped"] is None
