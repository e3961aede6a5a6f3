"""The HTTP API: the routes of `lambdas.web.routes`, limits, access logs, CORS, the token check."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.service_function import log_group_of
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig
from lambdas.web.routes import CATCH_ALL, ROUTES, Function

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "source_ip": "$context.identity.sourceIp",
    "user": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "response_bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "integration_error": "$context.integrationErrorMessage",
}


class HttpApi(Construct):
    """An API Gateway HTTP API in front of the functions, payload format 2.0.

    Attributes:
        url: base URL without a slash at its end.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        functions: Mapping[Function, lambda_.IFunction],
        authorizer: apigateway.IHttpRouteAuthorizer | None,
        allowed_origin: str | None,
    ) -> None:
        """`authorizer` checks every route that is not public; `allowed_origin` is for CORS."""
        super().__init__(scope, construct_id)
        api = apigateway.HttpApi(
            self,
            "Api",
            create_default_stage=False,
            cors_preflight=None if allowed_origin is None else _cors(allowed_origin),
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
        for route in ROUTES:
            deployed = api.add_routes(
                path=route.path,
                methods=[apigateway.HttpMethod(route.method)],
                integration=by_name[route.function],
                authorizer=None if route.public else authorizer,
            )
            if route.public:
                acknowledge(
                    deployed[0],
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
            (preflight,) = api.add_routes(
                path="/{proxy+}",
                methods=[apigateway.HttpMethod.OPTIONS],
                integration=by_name[CATCH_ALL],
            )
            acknowledge(
                preflight, "AwsSolutions-APIG4", reason="A CORS preflight cannot carry a token."
            )
        if not stage.on_aws:
            acknowledge(self, "AwsSolutions-APIG4", reason=LOOPBACK_ONLY)
        self._add_default_stage(api, stage)
        self.api_id = api.api_id
        self.url = api.api_endpoint
        alarm_above(
            self,
            "ServerErrorAlarm",
            metric=api.metric_server_error(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM
            ),
            description="The API answered with a 5xx status.",
        )

    def _add_default_stage(self, api: apigateway.HttpApi, stage: StageConfig) -> None:
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
        cfn_stage.route_settings = {
            f"{route.method} {route.path}": {
                "ThrottlingRateLimit": stage.limits.health.rate,
                "ThrottlingBurstLimit": stage.limits.health.burst,
            }
            for route in ROUTES
            if route.public
        }
        cfn_stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_logs.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )


def _cors(origin: str) -> apigateway.CorsPreflightOptions:
    methods = sorted({route.method for route in ROUTES})
    return apigateway.CorsPreflightOptions(
        allow_origins=[origin],
        allow_methods=[apigateway.CorsHttpMethod(method) for method in methods],
        allow_headers=["authorization", "content-type", "idempotency-key"],
        expose_headers=["retry-after"],
        max_age=Duration.hours(1),
    )
