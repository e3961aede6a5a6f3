from dataclasses import replace
from typing import Any

import pytest

from visionflow.errors import JobRefusedError
from visionflow.jobs.options import check_settings, training_options
from visionflow.jobs.record import JobRequest


def request(model: str | None = None) -> JobRequest:
    return JobRequest(config="flowers", data="s3://datasets/images", model=model)


@pytest.mark.parametrize(
    "model",
    ["resnet18", "timm:vit_tiny_patch16_224.augreg_in21k", "efficientnet_lite0+mobilenet_v2"],
)
def test_networks_of_torchvision_and_timm_can_be_trained(model: str) -> None:
    check_settings(request(model))


@pytest.mark.parametrize(
    "model", ["resnet19", "timm:", "timm:hf-hub:someone/model", "vit", "vit+resnet18"]
)
def test_other_networks_are_refused(model: str) -> None:
    with pytest.raises(JobRefusedError, match=r"model must be one of resnet18, .*timm:NAME"):
        check_settings(request(model))


@pytest.mark.parametrize(
    "asked",
    [{"config": "instant"}, {"recipe": "instant"}, {"set": {"recipe": "instant"}}],
    ids=lambda asked: next(iter(asked)),
)
def test_an_instant_training_gets_no_machine(asked: dict[str, Any]) -> None:
    with pytest.raises(JobRefusedError, match=r"Data page or by `visionflow datasets train`"):
        check_settings(replace(request(), **asked))


def test_a_form_does_not_offer_an_instant_training() -> None:
    options = training_options()
    assert "instant" not in options["recipes"]
    assert "instant" not in [config["name"] for config in options["configs"]]
