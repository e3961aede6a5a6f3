from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny_model import write_tiny_artifact
from visionflow.models.gate import REQUIRED_CHECKS, UNKNOWN_CHECKS, held_back_by
from visionflow.models.manifest import Familiarity, FileEntry, GateCheck, Manifest


@pytest.fixture
def int8(tmp_path: Path) -> Manifest:
    """With all that int8 needed before there was familiarity."""
    manifest = write_tiny_artifact(tmp_path)
    checks = tuple(GateCheck(name, 0.0, 0.1, passed=True) for name in REQUIRED_CHECKS["int8"])
    files = {**manifest.files, "int8": manifest.files["fp32"]}
    return replace(manifest, precision="int8", files=files, gate=checks)


def with_familiarity(manifest: Manifest) -> Manifest:
    entry = FileEntry("familiar.npz", "0" * 64, 1)
    return replace(manifest, familiarity=Familiarity(entry, 0.5, 0.5, 0.95))


def test_a_version_without_familiarity_needs_no_check_of_it(int8: Manifest) -> None:
    assert held_back_by(int8) == ()


def test_int8_with_familiarity_needs_the_check(int8: Manifest) -> None:
    (name,) = UNKNOWN_CHECKS["int8"]
    manifest = with_familiarity(int8)
    assert held_back_by(manifest) == (f"{name} was not measured",)
    passed = GateCheck(name, 0.01, 0.02, passed=True)
    assert held_back_by(replace(manifest, gate=(*manifest.gate, passed))) == ()
    failed = replace(passed, value=0.05, passed=False)
    assert held_back_by(replace(manifest, gate=(*manifest.gate, failed))) == (
        f"{name} is 0.05, the limit 0.02",
    )


def test_fp32_is_compared_with_nothing(int8: Manifest) -> None:
    fp32 = tuple(GateCheck(name, 0.0, 0.1, passed=True) for name in REQUIRED_CHECKS["fp32"])
    manifest = replace(with_familiarity(int8), precision="fp32", gate=fp32)
    assert held_back_by(manifest) == ()
