"""Routes, sign-in, limits and access logs."""

import json

from lambdas.authorizer.settings import AuthorizerSettings
from lambdas.web.routes import CATCH_ALL, ROUTES
from tests.infra.conftest import Resource, Templates
from visionflow.access.roles import ROLES

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
    # HEAD of all others goes through the catch-all.
    heads = {
        "HEAD /health": "api",
        "HEAD /predictions/{id}/explanation": "predict",
        "HEAD /thumbnails": "predict",
    }
    assert deployed == expected | heads | {"$default": CATCH_ALL}


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
        if "/authorizers/" not in templates.text(p["SourceArn"])
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
    public = {f"{route.method} {route.path}" for route in ROUTES if route.public}
    assert open_routes == {*public, "HEAD /health", PREFLIGHT}
    for key in routes.keys() - open_routes:
        assert routes[key]["AuthorizationType"] == "CUSTOM"
        assert on_aws.text(routes[key]["AuthorizerId"]) == "HttpApiCallers"


def test_a_function_identifies_the_caller_by_the_header_and_is_asked_again_soon(
    on_aws: Templates,
) -> None:
    (authorizer,) = on_aws.properties("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    # Without it API Gateway answers 401 itself.
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert 0 < authorizer["AuthorizerResultTtlInSeconds"] <= 10
    assert "SignInAuthorizer" in on_aws.text(authorizer["AuthorizerUri"])


def test_the_authorizer_accepts_tokens_of_the_page_and_of_this_pool(on_aws: Templates) -> None:
    function = on_aws.properties("AWS::Lambda::Function", "Service")["SignInAuthorizer"]
    variables = function["Environment"]["Variables"].items()
    settings = AuthorizerSettings.from_env({name: on_aws.text(v) for name, v in variables})
    assert settings.client_id == "SignInUsersDashboard"
    assert settings.issuer == "https://cognito-idp.AWS::Region.amazonaws.com/SignInUsers"
    assert settings.keys_table == "Keys"


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
        f"{method} /health": {
            "ThrottlingRateLimit": templates.stage.limits.health.rate / 2,
            "ThrottlingBurstLimit": templates.stage.limits.health.burst,
        }
        for method in ("GET", "HEAD")
    }
    log = stage["AccessLogSettings"]
    assert templates.text(log["DestinationArn"]) == "HttpApiAccessLogs"
    assert json.loads(log["Format"])["request_id"] == "$context.requestId"


def test_the_api_lets_no_page_call_until_its_own_is_known(templates: Templates) -> None:
    """The content stack sets the rule; in the local cloud page and API share an origin."""
    (api,) = templates.properties("AWS::ApiGatewayV2::Api").values()
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


def test_passwords_go_to_the_hosted_pages_alone(on_aws: Templates) -> None:
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_users_cannot_change_what_they_are_called(on_aws: Templates) -> None:
    """An empty list would mean every attribute."""
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    assert client["WriteAttributes"] == ["locale"]
    assert set(client["ReadAttributes"]) == {"email", "email_verified"}


def test_a_sign_out_and_a_lost_role_take_effect_soon(on_aws: Templates) -> None:
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    assert client["EnableTokenRevocation"] is True
    assert set(client["TokenValidityUnits"].values()) == {"minutes"}
    assert client["AccessTokenValidity"] <= 15
    assert client["RefreshTokenValidity"] <= 24 * 60


def test_people_can_enrol_an_authenticator_app(on_aws: Templates) -> None:
    (pool,) = on_aws.properties("AWS::Cognito::UserPool").values()
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    (client,) = on_aws.properties("AWS::Cognito::UserPoolClient").values()
    scopes = {"openid", "email", "aws.cognito.signin.user.admin"}
    assert set(client["AllowedOAuthScopes"]) == scopes


def test_roles_are_groups(on_aws: Templates) -> None:
    groups = on_aws.properties("AWS::Cognito::UserPoolGroup").values()
    assert {group["GroupName"] for group in groups} == set(ROLES) - {"viewer"}


def test_programs_have_keys_and_no_clients(on_aws: Templates) -> None:
    assert "AWS::Cognito::UserPoolResourceServer" not in on_aws.kinds()
    assert len(on_aws.properties("AWS::Cognito::UserPoolClient")) == 1


def test_nobody_can_sign_up_uninvited(on_aws: Templates) -> None:
    (pool,) = on_aws.properties("AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_an_invitation_names_the_page_in_both_languages(on_aws: Templates) -> None:
    (pool,) = on_aws.properties("AWS::Cognito::UserPool").values()
    mail = pool["AdminCreateUserConfig"]["InviteMessageTemplate"]
    english, korean = on_aws.text(mail["EmailMessage"]).removesuffix("</p>").split("</p>")
    for text in (english, korean):
        # Cognito refuses a text without these two.
        assert "{username}" in text
        assert "{####}" in text
        assert 'href="https://DashboardDistribution/"' in text
        assert str(pool["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"]) in text
    assert "임시 비밀번호" in korean
    assert len(mail["EmailSubject"]) <= 140


def test_the_pool_that_people_are_invited_to_is_an_output(on_aws: Templates) -> None:
    assert on_aws.text(on_aws.stacks["Service"]["Outputs"]["UserPoolId"]["Value"]) == "SignInUsers"


def _routes(templates: Templates) -> dict[str, Resource]:
    routes = templates.properties("AWS::ApiGatewayV2::Route").values()
    return {route["RouteKey"]: route for route in routes}
