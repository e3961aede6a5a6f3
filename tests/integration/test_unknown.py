"""Images that a version was never taught: what it needs to say so, and where its reason goes."""

from pathlib import Path

import numpy as np
import pytest

import lambdas.predict.handler
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import EMBEDDINGS_FILE, write_tiny_artifact
from visionflow.models.familiarity import FamiliarImages

RED, BLUE, GREY = (encode(plain(c), "PNG") for c in ("red", "blue", "grey"))
STORED = f"models/tiny/2/{EMBEDDINGS_FILE}"


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1 served, and knows no reason but a low confidence; version 2 serves."""
    write_tiny_artifact(tmp_path / "2", "2", familiar=True, conformity=(0.4, 0.9, 0.99, 0.999))
    cloud.publish(tmp_path / "2")
    return cloud


def test_the_stored_embeddings_are_cached_and_replaced_when_damaged(
    served: Cloud, tmp_path: Path
) -> None:
    cached = tmp_path / "models" / "tiny" / "2" / EMBEDDINGS_FILE
    served.predict(RED)
    whole = cached.read_bytes()
    cached.write_bytes(whole[:-1])
    lambdas.predict.handler.service.cache_clear()
    assert served.predict(BLUE).body["unknown_reason"] == "unfamiliar"
    assert cached.read_bytes() == whole


def test_a_version_without_its_embeddings_is_refused(
    served: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    served.s3.delete_object(Bucket="models", Key=STORED)
    answer = served.predict(BLUE).body
    assert (answer["model"]["version"], answer["status"]) == ("1", "ok")
    assert answer["refused"] == {"name": "tiny", "version": "2"}
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out
    health = served.call("GET", "/health")
    assert health.status == 503
    assert health.body["reason"] == f"{STORED}: missing in the models bucket"


def test_a_version_with_altered_embeddings_is_refused(
    served: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    served.s3.put_object(Bucket="models", Key=STORED, Body=b"other")
    assert served.predict(BLUE).body["refused"] == {"name": "tiny", "version": "2"}
    assert f"{EMBEDDINGS_FILE}: content differs from the manifest's checksum" in caplog.text


def test_a_version_with_the_embeddings_of_another_model_is_refused(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whole by their checksum, and of another width."""
    wider = FamiliarImages.of(np.ones((3, 5), dtype=np.float32))
    with monkeypatch.context() as patch:
        patch.setattr(FamiliarImages, "of", lambda _: wider)
        write_tiny_artifact(tmp_path / "2", "2", familiar=True)
    cloud.publish(tmp_path / "2")
    assert cloud.predict(RED).body["refused"] == {"name": "tiny", "version": "2"}
    assert "the model fails on a grey image" in caplog.text
