"""The CloudWatch dashboard: requests, latency, failures, queue and cost.

`lambdas.telemetry.measurements` names the functions' own metrics, `visionflow.costs.prices` has the
prices.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.service_function import (
    PERIOD,
    ServiceFunction,
    architecture_of,
    disagreement,
    own_metric,
)
from infra.constructs.storage.image_queue import ImageQueue
from infra.constructs.web.http_api import HttpApi
from infra.stages import StageConfig
from lambdas.telemetry.measurements import (
    RECORDED,
    REFUSED,
    reason_metric,
    status_metric,
    step_metric,
    steps_of,
)
from visionflow.answers.answer import UnknownReason
from visionflow.costs.prices import DEFAULT_REGION, price_table

_PERCENTILES = ("p50", "p95", "p99")
# Stacked: the two reasons stand for the status unknown, which is their sum.
_STATUSES = {
    "ok": status_metric("ok"),
    **{reason: reason_metric(reason) for reason in get_args(UnknownReason)},
    "failed": status_metric("failed"),
}
_WHOLE, _HALF, _HEIGHT = 24, 12, 7


class OperationsDashboard(Construct):
    """One page about one stage. Rates and costs are per `PERIOD`.

    An account has three free dashboards of at most 50 metrics; a larger one costs 3 USD a month. So
    failures by code and predictions by version are counted from the logs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        functions: Mapping[str, ServiceFunction],
        classifying: Sequence[str],
        queue: ImageQueue,
        api: HttpApi,
    ) -> None:
        """`functions` by name; those named in `classifying` record predictions."""
        super().__init__(scope, construct_id)
        self._stage, self._functions, self._classifying = stage, functions, classifying
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.days(1))
        dashboard.add_widgets(self._predictions(), self._api(api))
        dashboard.add_widgets(self._durations(), self._steps())
        dashboard.add_widgets(self._failures(), self._errors())
        dashboard.add_widgets(self._queue(queue), self._cost(api))
        dashboard.add_widgets(self._versions())

    def _predictions(self) -> cloudwatch.GraphWidget:
        return _graph(
            "Predictions by status, why they are unknown, and agreement with devices on the right",
            [
                own_metric(name, metric, "Sum", f"{label} ({name})")
                for name in self._classifying
                for label, metric in _STATUSES.items()
            ],
            [disagreement(PERIOD)],
            stacked=True,
        )

    def _api(self, api: HttpApi) -> cloudwatch.GraphWidget:
        return _graph(
            "API: requests, and latency in ms on the right",
            [_of_api(api, name, "Sum") for name in ("Count", "4xx", "5xx")],
            [_of_api(api, "Latency", percentile) for percentile in _PERCENTILES],
        )

    def _durations(self) -> cloudwatch.GraphWidget:
        return _graph(
            "Duration of an invocation in ms",
            [
                self._functions[name].metric_duration(
                    period=PERIOD, statistic=percentile, label=f"{name} {percentile}"
                )
                for name in self._classifying
                for percentile in _PERCENTILES
            ],
        )

    def _steps(self) -> cloudwatch.GraphWidget:
        return _graph(
            "Steps of a prediction in ms, p95",
            [
                own_metric(name, step_metric(step), "p95", f"{step} ({name})")
                for name in self._classifying
                for step in steps_of(name)
            ],
        )

    def _failures(self) -> cloudwatch.LogQueryWidget:
        return self._query(
            "Failures and refusals by code",
            [
                f'filter message in ["{RECORDED}", "{REFUSED}"] and strlen(code) > 0',
                "stats count(*) as n by code, service",
                "sort n desc",
            ],
            width=_HALF,
        )

    def _errors(self) -> cloudwatch.GraphWidget:
        functions = self._functions.items()
        return _graph(
            "Unhandled errors and throttled invocations",
            [f.metric_errors(period=PERIOD, label=f"errors ({name})") for name, f in functions]
            + [
                f.metric_throttles(period=PERIOD, label=f"throttled ({name})")
                for name, f in functions
            ],
        )

    def _queue(self, queue: ImageQueue) -> cloudwatch.GraphWidget:
        def visible(of: sqs.IQueue, label: str) -> cloudwatch.Metric:
            return of.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label=label
            )

        in_flight = queue.queue.metric_approximate_number_of_messages_not_visible(
            period=PERIOD, statistic="Maximum", label="in flight"
        )
        age = queue.queue.metric_approximate_age_of_oldest_message(
            period=PERIOD, statistic="Maximum", label="age of the oldest (s)"
        )
        waiting = visible(queue.queue, "waiting")
        return _graph(
            "Queue of dropped images, and age on the right",
            [waiting, in_flight, visible(queue.dead_letter_queue, "dead letters")],
            [age],
        )

    def _cost(self, api: HttpApi) -> cloudwatch.GraphWidget:
        """Functions and API alone: S3, DynamoDB and logs have no metric to multiply."""
        prices = price_table().of(DEFAULT_REGION)
        second = prices.of("lambda_gb_seconds", architecture_of(self._stage).name)
        costs: list[cloudwatch.IMetric] = []
        for name, function in self._functions.items():
            gigabytes = function.memory_mb / 1024
            costs.append(
                cloudwatch.MathExpression(
                    expression=f"{name}_ms / 1000 * {gigabytes:g} * {second:.10f}"
                    f" + {name}_calls * {prices.lambda_requests:.10f}",
                    using_metrics={
                        f"{name}_ms": function.metric_duration(period=PERIOD, statistic="Sum"),
                        f"{name}_calls": function.metric_invocations(period=PERIOD),
                    },
                    label=name,
                    period=PERIOD,
                )
            )
        costs.append(
            cloudwatch.MathExpression(
                expression=f"requests * {prices.http_api_requests:.10f}",
                using_metrics={"requests": _of_api(api, "Count", "Sum")},
                label="API requests",
                period=PERIOD,
            )
        )
        return _graph(
            f"Cost of functions and API in USD (prices of {DEFAULT_REGION}, "
            f"{price_table().looked_up}; without S3, DynamoDB and logs)",
            costs,
            stacked=True,
        )

    def _versions(self) -> cloudwatch.LogQueryWidget:
        """From the logs: a version as a dimension of a metric would be billed by the month."""
        return self._query(
            "Predictions by model version",
            [
                f'filter message = "{RECORDED}"',
                "stats count(*) as n, avg(timings.infer) as infer_ms by model, status, "
                "unknown_reason",
                "sort n desc",
            ],
            width=_WHOLE,
        )

    def _query(self, title: str, lines: Sequence[str], *, width: int) -> cloudwatch.LogQueryWidget:
        """A query over the logs of the classifying functions, run when the dashboard is opened."""
        groups = [self._functions[name].log_group.log_group_name for name in self._classifying]
        return cloudwatch.LogQueryWidget(
            title=title,
            log_group_names=groups,
            query_lines=list(lines),
            width=width,
            height=_HEIGHT,
        )


def _of_api(api: HttpApi, name: str, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiId": api.api_id},
        statistic=statistic,
        label=f"{name} {statistic}" if statistic in _PERCENTILES else name,
        period=PERIOD,
    )


def _graph(
    title: str,
    left: Iterable[cloudwatch.IMetric],
    right: Iterable[cloudwatch.IMetric] = (),
    *,
    stacked: bool = False,
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        right=list(right),
        stacked=stacked,
        width=_HALF,
        height=_HEIGHT,
    )
