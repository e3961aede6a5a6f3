"""An image is found by the trace that Lambda began for its invocation."""

import pytest

from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_observability import Log, log

__all__ = ["log"]  # the fixture

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def test_each_line_about_an_image_has_the_id_of_its_trace(
    cloud: Cloud, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Lambda sets it, anew for each invocation.
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    sent = cloud.predict(encode(plain("red"))).body["id"]
    cloud.predict(b"no image")
    cloud.drop("uploads/blue.jpg", encode(plain("blue")))
    assert cloud.deliver(cloud.messages()) == []
    lines = log.lines()
    assert {line["xray_trace_id"] for line in lines} == {TRACE}
    recorded = [line for line in lines if line["message"] == "recorded"]
    assert recorded[0]["prediction_id"] == sent
    for line in recorded:
        assert {"model", "decode", "prepare", "infer"} <= set(line["timings"])


def test_without_a_trace_no_line_names_one(
    cloud: Cloud, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    cloud.predict(encode(plain("red")))
    assert not [line for line in log.lines() if "xray_trace_id" in line]
