"""The app as the CDK CLI starts it: from the folder of `cdk.json`."""

import json
import os
import shlex
import subprocess
from pathlib import Path

from infra.packaging.workspace import PROJECT

INFRA = PROJECT / "infra"


def test_the_command_of_cdk_json_synthesizes(tmp_path: Path) -> None:
    result = _run_app(tmp_path, stage="local")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in tmp_path.glob("*.template.json")} == {
        f"VisionFlow-Local-{stack}.template.json"
        for stack in ("Data", "Dashboard", "Training", "Service")
    }


def test_an_unknown_stage_is_one_sentence(tmp_path: Path) -> None:
    result = _run_app(tmp_path, stage="staging")
    assert result.returncode == 1
    assert "There is no stage 'staging'" in result.stderr
    assert "Traceback" not in result.stderr


def _run_app(outdir: Path, *, stage: str) -> subprocess.CompletedProcess[str]:
    command = shlex.split(json.loads((INFRA / "cdk.json").read_text())["app"])
    context = {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps({"stage": stage})}
    return subprocess.run(
        command, cwd=INFRA, env=os.environ | context, capture_output=True, text=True, check=False
    )
