import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("visionflow.images.pipeline", {"boto3", "botocore", "torch", "onnxruntime", "pydantic"}),
        ("visionflow.models.classifier", {"boto3", "botocore", "torch", "onnxruntime", "pydantic"}),
        ("visionflow.models.store", {"boto3", "botocore", "numpy", "PIL", "onnxruntime"}),
        ("visionflow.predictions.store", {"boto3", "botocore", "numpy", "PIL", "onnxruntime"}),
        ("lambdas.api.handler", {"onnxruntime", "torch", "pydantic", "numpy"}),
        ("lambdas.predict.handler", {"torch", "pydantic", "onnx"}),
    ],
)
def test_import_brings_nothing_heavy(module: str, forbidden: set[str]) -> None:
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True, text=True
    )
    assert not forbidden & set(json.loads(done.stdout))
