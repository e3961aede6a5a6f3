"""The app as the CDK CLI starts it: from the folder of `cdk.json`."""

from pathlib import Path

from tests.infra.conftest import Templates, run_app


def test_the_command_of_cdk_json_synthesizes(local: Templates) -> None:
    assert {path.name for path in local.folder.glob("*.template.json")} == {
        f"VisionFlow-Local-{stack}.template.json"
        for stack in ("Data", "Dashboard", "Training", "Backfill", "Service")
    }


def test_an_unknown_stage_is_one_sentence(tmp_path: Path) -> None:
    result = run_app(tmp_path, "staging")
    assert result.returncode == 1
    assert "There is no stage 'staging'" in result.stderr
    assert "Traceback" not in result.stderr
