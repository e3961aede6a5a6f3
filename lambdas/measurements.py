"""What a prediction adds to CloudWatch: a count by status, and milliseconds by step."""

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from visionflow.predictions import Prediction


def measure(prediction: Prediction, metrics: Metrics) -> None:
    """Add the metrics of one prediction; EMF aggregates the values of a batch."""
    metrics.add_metric(f"Predictions.{prediction.status}", MetricUnit.Count, 1)
    for step, milliseconds in prediction.timings.items():
        metrics.add_metric(f"Time.{step}", MetricUnit.Milliseconds, milliseconds)
