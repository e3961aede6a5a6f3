"""What a failed tool's log is quoted for."""

from pathlib import Path

import pytest

from infra.local_cloud.processes import last_complaint

DEPLOY = """\
❌  VisionFlow-Local-Training failed to deploy
‣ DeploymentError: Resource updates failed:
VisionFlow-Local-Training/Instant/Resource  (AWS::Lambda::Function Instant65D177CD)
  AWS::Lambda::Function code update failed: Unzipped size must be smaller than 262144000 bytes
Source Location: ...aws-cdk-lib, jsii runtime, node internals...

   CloudTrail delivery can lag up to 15 minutes behind the failure; re-run `cdk diagnose` in a \
few minutes to check for additional control-plane errors (e.g. AccessDenied).
"""
SYNTH = """\
b'!! This software has not been tested with node v20. !!'
error: There is no stage 'staging'; the stages are local, dev, prod.
/.venv/bin/python -P -m infra.app: Subprocess exited with error 1
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            DEPLOY,
            "AWS::Lambda::Function code update failed: Unzipped size must be smaller than "
            "262144000 bytes",
        ),
        (SYNTH, "error: There is no stage 'staging'; the stages are local, dev, prod."),
        ("all went well\n", "all went well"),
        ("", "it printed nothing"),
    ],
)
def test_the_reason_is_quoted_not_what_follows_it(
    tmp_path: Path, text: str, complaint: str
) -> None:
    log = tmp_path / "tool.log"
    log.write_text(text)
    assert last_complaint(log) == complaint
