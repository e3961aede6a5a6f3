"""The sign-in to dashboard and API: a Cognito user pool."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.nag import acknowledge
from infra.stages import StageConfig

ADMIN_GROUP = "model-admin"
ADMIN_SCOPE = "visionflow/admin"


def sign_in_domain(stage: StageConfig) -> str:
    """Host name of the sign-in pages.

    Cognito needs a prefix that is unique in the region and does not generate one, so this is the
    only name that CloudFormation does not make. It depends on nothing that is deployed, so the
    dashboard's content security policy can name it before the user pool exists.
    """
    return f"{_domain_prefix(stage)}.auth.{Aws.REGION}.amazoncognito.com"


class SignIn(Construct):
    """Users whom an administrator invites, and the dashboard as a public client with PKCE.

    Attributes:
        authorizer: checks the token of an API request.
        client_id: the dashboard's client id.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        dashboard_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        pool = cognito.UserPool(
            self,
            "Users",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(7),
            ),
            deletion_protection=stage.keep_data,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
        )
        for rule, reason in {
            "COG2": "Users may add an authenticator app; a team that classifies images decides.",
            "COG8": "Threat protection needs the Plus plan, which is paid per user.",
        }.items():
            acknowledge(pool, f"AwsSolutions-{rule}", reason=reason)
        pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=_domain_prefix(stage)),
        )
        # People are admins by the group. The scope is for programs: an operator makes their clients
        # with it, and the stage names them. The dashboard's client must not have it, since every
        # user may request a client's scopes.
        cognito.UserPoolGroup(
            self,
            "Admins",
            user_pool=pool,
            group_name=ADMIN_GROUP,
            description="May move the aliases of models",
        )
        resource_server, _, scope_name = ADMIN_SCOPE.partition("/")
        pool.add_resource_server(
            "Programs",
            identifier=resource_server,
            scopes=[
                cognito.ResourceServerScope(
                    scope_name=scope_name, scope_description="May move the aliases of models"
                )
            ],
        )
        client = pool.add_client(
            "Dashboard",
            generate_secret=False,  # a browser cannot keep one; PKCE takes its place
            auth_flows=cognito.AuthFlow(),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[dashboard_url],
                logout_urls=[dashboard_url],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(7),
        )
        # API Gateway accepts tokens of these clients only.
        programs = [
            cognito.UserPoolClient.from_user_pool_client_id(self, f"Program{number}", program)
            for number, program in enumerate(stage.program_clients)
        ]
        self.authorizer = authorizers.HttpUserPoolAuthorizer(
            "Tokens", pool, user_pool_clients=[client, *programs]
        )
        self.user_pool_id = pool.user_pool_id
        self.client_id = client.user_pool_client_id


def _domain_prefix(stage: StageConfig) -> str:
    return f"visionflow-{stage.name}-{Aws.ACCOUNT_ID}"
