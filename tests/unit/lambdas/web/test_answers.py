from typing import get_type_hints

from lambdas.web.answers import PredictionFields
from visionflow.predictions.record import Prediction


def test_the_fields_are_those_of_a_prediction() -> None:
    assert get_type_hints(PredictionFields) == get_type_hints(Prediction)
