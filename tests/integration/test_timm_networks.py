"""A network of timm from images to an answer: trained, exported, gated, published, served."""

from pathlib import Path

import pytest

from tests.integration.conftest import Cloud
from tests.unit.training.conftest import draw_set, few_strangers, labels_unchecked, shrunken_config
from training.train import train
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import load

__all__ = ["few_strangers", "labels_unchecked"]

SIDE = 64


@pytest.mark.parametrize(
    ("name", "features", "cells"),
    [("test_convnext", 64, 2), ("mobilenetv4_conv_small_035", 1280, 2), ("test_vit", 64, 4)],
)
def test_it_is_trained_exported_gated_and_served(
    cloud: Cloud, tmp_path: Path, name: str, features: int, cells: int
) -> None:
    draw_set(tmp_path / "data", per_class=20, seed=5)
    config = shrunken_config(
        name=name,
        model__name=f"timm:{name}",
        input__size=SIDE,
        input__resize=SIDE,
        scratch__epochs=1,
        scratch__optimizer__name="adamw",
        scratch__optimizer__learning_rate=0.001,
        export__ladder_seconds=0.0,
    )
    train(config, tmp_path / "data", tmp_path / "run")
    manifest = cloud.publish(tmp_path / "run")
    passed = {check.name for check in manifest.gate if check.passed}
    assert {f"fp32_{output}_difference" for output in ("logit", "embedding", "cam")} <= passed
    graph = Classifier.of_artifact(tmp_path / "run", manifest)
    image = next((tmp_path / "data" / "green").iterdir()).read_bytes()
    logits, embedding, cam = graph.run(load(image, manifest.input)[None])
    assert (logits.shape, embedding.shape) == ((1, 3), (1, features))
    assert cam.shape == (1, 3, cells, cells)
    answer = cloud.predict(image)
    assert (answer.status, answer.body["model"]["name"]) == (200, name)
    assert {score["label"] for score in answer.body["top_k"]} == {"blue", "green", "red"}
