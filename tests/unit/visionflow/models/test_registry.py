from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny_model import PASSED_GATE, write_tiny_artifact
from visionflow.dynamodb import from_item
from visionflow.models.manifest import GateCheck
from visionflow.models.registry import Tried, registration

AT = "2030-01-01T00:00:00.000000Z"
FAILED = replace(PASSED_GATE[0], passed=False)


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (PASSED_GATE, True),
        (PASSED_GATE[:1], False),  # what it lacks was never measured
        ((FAILED, *PASSED_GATE[1:]), False),
        ((), False),
    ],
)
def test_a_row_says_by_the_gate_s_own_rule_whether_it_passed(
    tmp_path: Path, gate: tuple[GateCheck, ...], passed: bool
) -> None:
    manifest = replace(write_tiny_artifact(tmp_path), gate=gate)
    row = from_item(registration("registry", manifest, Tried(1.0, 90.0, AT))["Item"])
    assert row["gate_passed"] is passed
    assert row["tried"] == {"ms": 1, "peak_mb": 90, "at": AT}
