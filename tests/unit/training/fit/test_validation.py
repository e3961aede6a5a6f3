from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from tests.unit.training.fit.conftest import make_config
from training.data.image_set import ImageSet
from training.data.training_data import TrainingData
from training.fit import validation
from training.fit.distributed import Process
from training.fit.validation import score_features, score_images
from training.networks.build import build_model

ALONE = Process(0, 1, torch.device("cpu"))


@pytest.fixture
def images(data: TrainingData) -> ImageSet:
    return data.validation


@pytest.mark.parametrize("mirror", [False, True])
def test_an_image_is_answered_as_the_finished_model_will(
    images: ImageSet, mirror: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    model = build_model(replace(make_config("scratch").model, mirror=mirror), 3)
    with torch.inference_mode():
        logits = model.eval()(torch.from_numpy(images.images)).logits
    targets = torch.from_numpy(images.targets)
    expected = functional.cross_entropy(logits, targets).item()
    # Three batches, the last one smaller.
    monkeypatch.setattr(validation, "BATCH_PIXELS", 16 * 16 * 13)
    score = score_images(model.train(), images, ALONE)
    assert score.loss == pytest.approx(expected, rel=1e-5)
    assert score.top1 == pytest.approx((logits.argmax(dim=1) == targets).float().mean().item())


def test_features_are_answered_by_the_mean_over_their_views(images: ImageSet) -> None:
    torch.manual_seed(1)
    model = build_model(replace(make_config("scratch").model, mirror=True), 3)
    pixels = torch.from_numpy(images.images)
    model.eval()
    with torch.inference_mode():
        views = torch.stack([model.embed(pixels), model.embed(pixels.flip(2))], dim=1)
    targets = torch.from_numpy(images.targets)
    score = score_features(model.head.train(), views, targets, ALONE)
    assert score == pytest.approx(score_images(model, images, ALONE), rel=1e-4)


def test_nothing_is_written(images: ImageSet, tmp_path: Path) -> None:
    model = build_model(make_config("scratch").model, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    score_images(model.train(), images, ALONE)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
