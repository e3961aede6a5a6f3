"""The predict function without AWS: the real handler and model, with stores that keep nothing.

Benchmarks time VisionFlow's own work, without S3 and DynamoDB.
"""

import base64
import io
import json
import os
import tempfile
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lambdas.classification.active_model import ActiveModel
from lambdas.classification.loading import Loader, Serving
from lambdas.classification.settings import ClassificationSettings
from lambdas.predict import handler
from lambdas.predict.service import PredictService
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageStore
from visionflow.answers.classifier import Classifier
from visionflow.images.store import ImageStore
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore
from visionflow.predictions.record import Prediction
from visionflow.predictions.store import PredictionStore
from visionflow_starter import STARTER

# The handler looks up whether requests carry a token.
os.environ |= ClassificationSettings(
    "images", "models", "predictions", "registry", 90, 1, 0, 0
).to_env()

PROJECT = Path(__file__).parents[3]
REQUEST: dict[str, Any] = json.loads(
    (PROJECT / "tests" / "events" / "http_request.json").read_text()
)


# Side lengths of the images: a CIFAR-sized one, a web photo, a phone's 12 megapixels.
SIZES = {"32 px": (32, 32), "0.3 MP": (640, 480), "12 MP": (4000, 3000)}


class _LocalModel(ActiveModel):
    """A fixed version in place of the promoted one."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def get(self, prediction_id: str) -> Serving:
        return self._serving


class _LocalStore(ModelStore):
    """An artifact's folder in place of the bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, key: str) -> bytes:
        _, _, _, path = key.split("/", 3)
        return (self._folder / path).read_bytes()


class _NoImages(ImageStore):
    def __init__(self) -> None:
        self.bucket = "images"

    def write(self, key: str, data: bytes, content_type: str) -> str | None:
        return None


class _NoPredictions(PredictionStore):
    def __init__(self) -> None:
        pass

    def add(self, prediction: Prediction, *_: object, **__: object) -> bool:
        return True


class _NoTable:
    """The part of DynamoDB's client that counts; answers at once."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=KeyError)

    def update_item(self, **_: object) -> None:
        pass


def uncounted() -> UsageStore:
    """Counts by the real code, into nothing."""
    plenty = Amounts(10**9, 10**9, 10**15, 10**9, 10**9)
    return UsageStore("usage", _NoTable(), Quotas(10**9, plenty, plenty))  # type: ignore[arg-type]


class _Context:
    function_name = "predict"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:predict"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"


def install_service(folder: Path = STARTER) -> None:
    """Make the handler answer with the model in ``folder``, loaded as the function does:
    copied, verified, opened and tried out."""
    manifest = Manifest.parse((folder / MANIFEST_NAME).read_bytes())
    with tempfile.TemporaryDirectory() as cache:
        loader = Loader(_LocalStore(folder), Path(cache), threads=1)
        _install(loader.load(ModelRef(manifest.name, manifest.version)))


def serve_with(manifest: Manifest, classifier: Classifier) -> None:
    """Make the handler answer with ``classifier``."""
    _install(Serving(ModelRef(manifest.name, manifest.version), classifier))


def _install(serving: Serving) -> None:
    service = PredictService(_LocalModel(serving), _NoImages(), _NoPredictions(), 90, uncounted())
    handler.service = lru_cache(lambda: service)


def photo(size: tuple[int, int], seed: int = 0) -> bytes:
    """A JPEG (quality 90) with the detail of a photo: smooth shapes and some noise."""
    # Imported here, so that a cold start is measured without what draws its image.
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    width, height = size
    rng = np.random.default_rng(seed)
    shapes = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    pixels = np.asarray(shapes.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    noise = rng.integers(-8, 9, (height, width, 1), dtype=np.int16)
    buffer = io.BytesIO()
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def request(image: bytes) -> dict[str, Any]:
    """The event that API Gateway sends for ``image`` as a raw body."""
    return REQUEST | {"body": base64.b64encode(image).decode()}


def call(event: dict[str, Any]) -> dict[str, Any]:
    """Invoke once and return the answer's body. Raises `RuntimeError` unless the status is 200."""
    with redirect_stdout(io.StringIO()):  # log lines and metrics, which Lambda would read there
        response = handler.lambda_handler(event, _Context())
    if response["statusCode"] != 200:
        raise RuntimeError(response["body"])
    body: dict[str, Any] = json.loads(response["body"])
    return body


def starter_manifest() -> Manifest:
    return read_artifact(STARTER)
