"""Routes, tokens, limits, access logs and CORS."""

import json

from infra.constructs.web.sign_in import ADMIN_GROUP, ADMIN_SCOPE
from lambdas.web.routes import CATCH_ALL, ROUTES
from tests.infra.conftest import EVERYTHING, Resource, Synthesize, Templates

PREFLIGHT = "OPTIONS /{proxy+}"


def test_every_route_is_deployed_to_its_function(templates: Templates) -> None:
    integrations = templates.properties("AWS::ApiGatewayV2::Integration")
    deployed = {}
    for key, route in _routes(templates).items():
        integration = integrations[templates.text(route["Target"]).removeprefix("integrations/")]
        assert integration["PayloadFormatVersion"] == "2.0"
        # A function that is published is invoked by its alias.
        deployed[key] = (
            templates.text(integration["IntegrationUri"]).removesuffix("Aliaslive").lower()
        )
    deployed.pop(PREFLIGHT, None)
    expected = {f"{route.method} {route.path}": str(route.function) for route in ROUTES}
    assert deployed == expected | {"$default": CATCH_ALL}


def test_this_api_may_invoke_its_functions_by_few_permissions(templates: Templates) -> None:
    """A function's policy holds 20 KB. The default route's calls name no method and no path."""
    permissions = [
        permission
        for permission in templates.properties("AWS::Lambda::Permission", "Service").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]
    allowed = sorted(
        (templates.text(p["FunctionName"]), templates.text(p["SourceArn"]).rpartition(":")[2])
        for p in permissions
    )
    assert allowed == [
        ("Api", "HttpApi/*/*"),
        ("Api", "HttpApi/*/*/*"),
        ("PredictAliaslive", "HttpApi/*/*/*"),
    ]


def test_a_token_is_needed_for_all_but_health_on_aws(on_aws: Templates) -> None:
    routes = _routes(on_aws)
    open_routes = {key for key, route in routes.items() if route["AuthorizationType"] == "NONE"}
    # A browser's preflight carries no token and gets no data.
    assert open_routes == {"GET /health", PREFLIGHT}
    for key in routes.keys() - open_routes:
        assert routes[key]["AuthorizationType"] == "JWT"
        assert on_aws.text(routes[key]["AuthorizerId"]) == "HttpApiTokens"


def test_the_tokens_come_from_the_user_pool(on_aws: Templates) -> None:
    (authorizer,) = on_aws.properties("AWS::ApiGatewayV2::Authorizer").values()
    token = authorizer["JwtConfiguration"]
    assert authorizer["AuthorizerType"] == "JWT"
    assert [on_aws.text(client) for client in token["Audience"]] == ["SignInUsersDashboard"]
    assert on_aws.text(token["Issuer"]).endswith("/SignInUsers")


def test_programs_may_sign_in_whose_clients_the_stage_names(synthesize: Synthesize) -> None:
    (authorizer,) = synthesize(EVERYTHING).properties("AWS::ApiGatewayV2::Authorizer").values()
    _, *programs = authorizer["JwtConfiguration"]["Audience"]
    assert tuple(programs) == EVERYTHING.program_clients


def test_nothing_asks_for_a_token_on_loopback(local: Templates) -> None:
    for route in _routes(local).values():
        assert route.get("AuthorizationType", "NONE") == "NONE"
    assert not {kind for kind in local.kinds() if "Cognito" in kind or "Authorizer" in kind}


def test_the_default_stage_throttles_and_logs(templates: Templates) -> None:
    (stage,) = templates.properties("AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": templates.stage.throttle.rate,
        "ThrottlingBurstLimit": templates.stage.throttle.burst,
    }
    assert stage["RouteSettings"] == {
        "GET /health": {
            "ThrottlingRateLimit": templates.stage.limits.health.rate,
            "ThrottlingBurstLimit": templates.stage.limits.health.burst,
        }
    }
    log = stage["AccessLogSettings"]
    assert templates.text(log["DestinationArn"]) == "HttpApiAccessLogs"
    assert json.loads(log["Format"])["request_id"] == "$context.requestId"


def test_only_the_dashboard_may_call_from_a_browser(on_aws: Templates) -> None:
    (api,) = on_aws.properties("AWS::ApiGatewayV2::Api").values()
    cors = api["CorsConfiguration"]
    assert [on_aws.text(origin) for origin in cors["AllowOrigins"]] == [
        "https://DashboardDistribution"
    ]
    assert set(cors["AllowMethods"]) == {route.method for route in ROUTES}
    assert cors["ExposeHeaders"] == ["retry-after"]
    assert set(cors["AllowHeaders"]) == {"authorization", "content-type", "idempotency-key"}


def test_page_and_api_share_an_origin_in_the_local_cloud(local: Templates) -> None:
    (api,) = local.properties("AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api


def test_a_server_error_raises_an_alarm(templates: Templates) -> None:
    alarms = templates.properties("AWS::CloudWatch::Alarm", "Service").values()
    assert "5xx" in {alarm["MetricName"] for alarm in alarms}


def test_people_sign_in_with_a_code_and_no_secret(on_aws: Templates) -> None:
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    for urls in (client["CallbackURLs"], client["LogoutURLs"]):
        assert [on_aws.text(url) for url in urls] == ["https://DashboardDistribution/"]


def test_admins_are_a_group_and_no_scope_that_the_page_could_ask_for(on_aws: Templates) -> None:
    (group,) = on_aws.properties("AWS::Cognito::UserPoolGroup").values()
    assert group["GroupName"] == ADMIN_GROUP
    (server,) = on_aws.properties("AWS::Cognito::UserPoolResourceServer").values()
    (scope,) = server["Scopes"]
    assert f"{server['Identifier']}/{scope['ScopeName']}" == ADMIN_SCOPE
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    assert set(client["AllowedOAuthScopes"]) == {"openid", "email"}


def test_nobody_can_sign_up_uninvited(on_aws: Templates) -> None:
    (pool,) = on_aws.properties("AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def _routes(templates: Templates) -> dict[str, Resource]:
    routes = templates.properties("AWS::ApiGatewayV2::Route").values()
    return {route["RouteKey"]: route for route in routes}
