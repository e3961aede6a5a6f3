"""What a prediction does not need is not imported: counted in a fresh interpreter, after one
answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images import encode, plain
from tests.tiny_model import write_tiny_artifact

# Each took a part of the cold start once, or belongs to what few requests ask for.
NEVER = {
    "PIL": "the decoder's process draws and decodes",
    "asyncio": "",
    "aws_lambda_powertools": "",
    "aws_xray_sdk": "",
    "boto3": "five calls need no SDK",
    "botocore": "",
    "cryptography": "the authorizer's",
    "jinja2": "",
    "jmespath": "",
    "jwt": "the authorizer's",
    "multiprocessing.managers": "",
    "multiprocessing.queues": "",
    "pillow_heif": "the first HEIC image's, in the decoder's process",
    "python_multipart": "the first form's",
    "s3transfer": "",
    "typing_extensions": "",
    "unittest": "",
    "urllib.request": "",
    "urllib3": "",
    "visionflow.models.trial": "",
    "xml": "",
}

_PROGRAM = """
import json, sys
from pathlib import Path
from tests.unit.lambdas.one_answer import answer
before = answer(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
print(json.dumps(sorted(set(sys.modules))))
"""


@pytest.mark.parametrize("function", ["predict", "ingest"])
def test_a_prediction_imports_nothing_that_it_does_not_need(function: str, tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(encode(plain("red"), "PNG"))
    write_tiny_artifact(tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, function, str(image), str(tmp_path / "model")],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"lambdas.aws.s3", "lambdas.aws.dynamodb", "onnxruntime"} <= modules
    assert sorted(modules & set(NEVER)) == []
