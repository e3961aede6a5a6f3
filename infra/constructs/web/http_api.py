"""The HTTP API: its address, the routes of `lambdas.web.routes`, limits, access logs."""

import json
from collections.abc import Iterator, Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.log_groups import log_group_of
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig
from lambdas.web.routes import CATCH_ALL, HEAD, ROUTES, Function, Route

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "source_ip": "$context.identity.sourceIp",
    "caller": "$context.authorizer.id",
    "route": "$context.routeKey",
    "status": "$context.status",
    "response_bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "integration_error": "$context.integrationErrorMessage",
}


def _deployed() -> Iterator[tuple[str, Route]]:
    """Each method and route that has a row of its own. HEAD goes through the catch-all, but for
    those that it would not answer: what needs no token, and another function's."""
    for route in ROUTES:
        yield route.method, route
        if route.takes_head and (route.public or route.function != CATCH_ALL):
            yield HEAD, route


class ApiAddress(Construct):
    """The API before it has any route, so that the page's security policy can name its host.

    Attributes:
        api_id: by which routes are added.
        url: base URL without a slash at its end.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        api = apigateway.HttpApi(self, "Api", create_default_stage=False)
        self.api_id = api.api_id
        self.url = api.api_endpoint


class HttpApi(Construct):
    """The API's routes and its one stage: functions behind an address, payload format 2.0."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        address: ApiAddress,
        functions: Mapping[Function, lambda_.IFunction],
        authorizer: apigateway.IHttpRouteAuthorizer | None,
    ) -> None:
        """`authorizer` checks every route that is not public."""
        super().__init__(scope, construct_id)
        api = apigateway.HttpApi.from_http_api_attributes(
            self, "Api", http_api_id=address.api_id, api_endpoint=address.url
        )
        by_name = {
            name: integrations.HttpLambdaIntegration(
                f"{name.capitalize()}Integration",
                function,
                # One permission for every method and path of this API. With one for each route,
                # a function's policy of 20 KB would hold about forty.
                scope_permission_to_route=False,
            )
            for name, function in functions.items()
        }
        for method, route in _deployed():
            deployed = apigateway.HttpRoute(
                self,
                f"{method}{route.path}",
                http_api=api,
                route_key=apigateway.HttpRouteKey.with_(route.path, apigateway.HttpMethod(method)),
                integration=by_name[route.function],
                authorizer=None if route.public else authorizer,
            )
            if route.public:
                acknowledge(
                    deployed,
                    "AwsSolutions-APIG4",
                    reason="A health check has no token, and the answer holds no image's data.",
                )
        apigateway.HttpRoute(
            self,
            "CatchAll",
            http_api=api,
            route_key=apigateway.HttpRouteKey.DEFAULT,
            # Its calls name no method and no path, so they need a permission of their own.
            integration=integrations.HttpLambdaIntegration(
                "CatchAllIntegration", functions[CATCH_ALL]
            ),
            authorizer=authorizer,
        )
        if authorizer:
            # The catch-all takes OPTIONS too, and a browser sends its preflight without a token.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
            preflight = apigateway.HttpRoute(
                self,
                "Preflight",
                http_api=api,
                route_key=apigateway.HttpRouteKey.with_("/{proxy+}", apigateway.HttpMethod.OPTIONS),
                integration=by_name[CATCH_ALL],
            )
            acknowledge(
                preflight, "AwsSolutions-APIG4", reason="A CORS preflight cannot carry a token."
            )
        if not stage.on_aws:
            acknowledge(self, "AwsSolutions-APIG4", reason=LOOPBACK_ONLY)
        self._add_default_stage(api, stage)
        self.api_id = address.api_id
        alarm_above(
            self,
            "ServerErrorAlarm",
            metric=api.metric_server_error(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM
            ),
            description="The API answered with a 5xx status.",
        )

    def _add_default_stage(self, api: apigateway.IHttpApi, stage: StageConfig) -> None:
        default = apigateway.HttpStage(
            self,
            "Default",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=stage.throttle.rate, burst_limit=stage.throttle.burst
            ),
        )
        cfn_stage = default.node.default_child
        if not isinstance(cfn_stage, apigateway.CfnStage):
            raise TypeError(f"{default.node.path} is not a stage of this app")
        access_logs = log_group_of(self, "AccessLogs", stage=stage)
        # Strangers have a throttle of their own, so that a flood of theirs closes no other route.
        # It is of a method, so each has its share.
        public = [f"{method} {route.path}" for method, route in _deployed() if route.public]
        cfn_stage.route_settings = {
            key: {
                "ThrottlingRateLimit": stage.limits.health.rate / len(public),
                "ThrottlingBurstLimit": stage.limits.health.burst,
            }
            for key in public
        }
        cfn_stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_logs.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
