"""One shape for every alarm."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct


def alarm_above(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    limit: float,
    description: str,
) -> cloudwatch.Alarm:
    """An alarm that rings as soon as one period lies above `limit`; no data is good news."""
    return cloudwatch.Alarm(
        scope,
        construct_id,
        metric=metric,
        threshold=limit,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )
