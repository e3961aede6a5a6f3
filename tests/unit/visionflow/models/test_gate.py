from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny_model import write_tiny_artifact
from visionflow.errors import ConfigError
from visionflow.models.gate import REQUIRED_CHECKS, UNKNOWN_CHECKS, GateLimits, held_back_by
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


def checked(int8: Manifest, name: str, value: float, limit: float, one_image: float = 0.0) -> bool:
    """Whether a stage lets this check pass, where all others are perfect."""
    names = (*REQUIRED_CHECKS["int8"], "old_classes_top1_drop", "fp32_cam_difference")
    perfect = {each: GateCheck(each, 0.0, 0.5, passed=True) for each in names}
    try:
        forged = GateCheck(name, value, limit, passed=True)
    except ConfigError:  # what is not a number is in no manifest
        return False
    manifest = replace(int8, gate=(*(perfect | {name: forged}).values(),))
    return held_back_by(manifest, GateLimits(), one_image) == ()


@pytest.mark.parametrize(
    ("name", "within", "over"),
    [
        ("fp32_logit_difference", 0.1, 0.11),
        ("fp32_cam_difference", 0.1, 0.11),
        ("fp32_top1_changes", 0.0, 1.0),
        ("int8_top1_drop", 0.005, 0.006),
        ("int8_worst_class_drop", 0.05, 0.06),
        ("int8_latency_ratio", 1.0, 1.01),
        ("old_classes_top1_drop", 0.02, 0.03),
    ],
)
def test_a_run_cannot_widen_the_limits_of_its_stage(
    int8: Manifest, name: str, within: float, over: float
) -> None:
    assert checked(int8, name, within, 1000.0)
    assert not checked(int8, name, over, 1000.0)
    # Its own limit may be narrower.
    assert not checked(int8, name, within, within - 0.001)


def test_of_a_small_class_one_image_may_be_lost(int8: Manifest) -> None:
    assert checked(int8, "int8_worst_class_drop", 0.25, 0.25, one_image=0.25)
    assert not checked(int8, "int8_worst_class_drop", 0.5, 0.5, one_image=0.25)
    # That is for classes, not for the whole.
    assert not checked(int8, "int8_top1_drop", 0.25, 0.25, one_image=0.25)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), -1.5])
@pytest.mark.parametrize("name", REQUIRED_CHECKS["int8"])
def test_a_value_that_cannot_be_measured_does_not_pass(
    int8: Manifest, name: str, value: float
) -> None:
    assert not checked(int8, name, value, 1000.0)


def test_a_gain_is_a_negative_drop(int8: Manifest) -> None:
    assert checked(int8, "int8_top1_drop", -0.01, 0.005)
    assert not checked(int8, "int8_latency_ratio", -0.01, 1.0)


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_a_limit_that_is_none_is_no_way_round(int8: Manifest, limit: float) -> None:
    assert not checked(int8, "int8_top1_drop", 0.0, limit)


def test_a_new_head_on_a_trunk_owes_its_own_proof(int8: Manifest) -> None:
    manifest = with_familiarity(replace(int8, config={"instant": {"trunk": {"name": "starter"}}}))
    owed = (*REQUIRED_CHECKS["instant"], *UNKNOWN_CHECKS["instant"])
    assert held_back_by(manifest) == tuple(f"{name} was not measured" for name in owed)
    made = tuple(GateCheck(name, 0.0, 0.5, passed=True) for name in owed)
    assert held_back_by(replace(manifest, gate=made), GateLimits()) == ()
    changed = GateCheck("trunk_changes", 1.0, 1.0, passed=True)
    assert held_back_by(replace(manifest, gate=(*made, changed)), GateLimits()) == (
        "trunk_changes is 1, the limit 0",
    )


def test_without_int8_a_version_cannot_claim_a_proven_trunk(int8: Manifest) -> None:
    manifest = replace(int8, precision="fp32", config={"instant": {}}, gate=())
    owed = tuple(f"{name} was not measured" for name in REQUIRED_CHECKS["fp32"])
    assert held_back_by(manifest) == owed
