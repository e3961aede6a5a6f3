"""What a prediction leaves in CloudWatch."""

import json
from dataclasses import replace

import pytest

from lambdas.telemetry.measurements import AGREED_METRIC, COMPARED_METRIC, measure
from lambdas.telemetry.metrics import Metrics
from tests.unit.visionflow.predictions.test_rows import FULL, KEPT, SENT
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Prediction

SAID = SENT.device
assert SAID is not None
SAME = replace(SENT, device=replace(SAID, model=ModelRef("tiny", "1.0.0")))


@pytest.mark.parametrize(
    ("prediction", "compared", "agreed"),
    [
        (FULL, None, None),
        (KEPT, None, None),
        (SENT, None, None),
        (SAME, 1, 1),
        (replace(SAME, device=replace(SAID, model=ModelRef("tiny", "1.0.0"), best="c")), 1, 0),
    ],
    ids=["cloud", "no image", "other version", "agreed", "disagreed"],
)
def test_agreement_with_a_device_is_measured(
    capsys: pytest.CaptureFixture[str],
    prediction: Prediction,
    compared: int | None,
    agreed: int | None,
) -> None:
    metrics = Metrics()
    measure(prediction, metrics)
    metrics.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = {name: value for line in lines for name, value in line.items()}
    for name, value in ((COMPARED_METRIC, compared), (AGREED_METRIC, agreed)):
        assert found.get(name) == (None if value is None else [value])
