"""Who calls the API: people of a Cognito user pool, and programs with API keys."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.storage.tables import KeysTable
from infra.constructs.web.invitation import SUBJECT, VALID_DAYS, invitation
from infra.nag import acknowledge
from infra.stages import StageConfig
from lambdas.authorizer.settings import AuthorizerSettings
from visionflow.access.roles import Role

GROUPS: dict[Role, str] = {
    "labeller": "Gives feedback that outweighs a viewer's, and new labels",
    "model-admin": "Moves models, manages API keys, erases; needs a second factor",
    "spender": "Starts training jobs",
}
# API Gateway asks the authorizer again after this; a revoked key stops within it.
CACHE = Duration.seconds(10)


def sign_in_domain(stage: StageConfig) -> str:
    """Host name of the sign-in pages.

    Cognito needs a prefix that is unique in the region and does not generate one, so this is the
    only name that CloudFormation does not make. It depends on nothing that is deployed, so the
    dashboard's content security policy can name it before the user pool exists.
    """
    return f"{_domain_prefix(stage)}.auth.{Aws.REGION}.amazoncognito.com"


def user_pools_host() -> str:
    """Host of the region's user pools: for enrolling a second factor, and the pool's keys."""
    return f"cognito-idp.{Aws.REGION}.amazonaws.com"


class SignIn(Construct):
    """Users whom an administrator invites, the dashboard as a public client with PKCE, and the
    function that identifies the caller of a request.

    Attributes:
        authorizer: identifies the caller of an API request.
        user_pool_id: the pool's id.
        client_id: the dashboard's client id.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        dashboard_url: str,
        package: Package,
        keys: KeysTable,
    ) -> None:
        super().__init__(scope, construct_id)
        pool = self._add_pool(stage, dashboard_url)
        client = _add_client(pool, dashboard_url)
        function = ServiceFunction(
            self,
            "Authorizer",
            stage=stage,
            package=package,
            size=Size(memory_mb=512, timeout=Duration.seconds(10)),
            environment=AuthorizerSettings(
                keys_table=keys.table_name,
                issuer=f"https://{user_pools_host()}/{pool.user_pool_id}",
                client_id=client.user_pool_client_id,
            ).to_env(),
        )
        # It needs no right at the user pool: the pool answers whoever shows a token.
        keys.allow_check(function.execution_role)
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Callers",
            function,
            identity_source=["$request.header.Authorization"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=CACHE,
        )
        self.user_pool_id = pool.user_pool_id
        self.client_id = client.user_pool_client_id

    def _add_pool(self, stage: StageConfig, dashboard_url: str) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Users",
            # The plan without what is not used here: threat protection, tokens of one's own making.
            feature_plan=cognito.FeaturePlan.LITE,
            self_sign_up_enabled=False,
            user_invitation=cognito.UserInvitationConfig(
                email_subject=SUBJECT, email_body=invitation(dashboard_url)
            ),
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
                temp_password_validity=Duration.days(VALID_DAYS),
            ),
            deletion_protection=stage.keep_data,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
        )
        for rule, reason in {
            "COG2": "The API grants an admin's scopes only to holders of a second factor.",
            "COG8": "Threat protection needs the Plus plan, which is paid per user.",
        }.items():
            acknowledge(pool, f"AwsSolutions-{rule}", reason=reason)
        pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=_domain_prefix(stage)),
        )
        # Everybody is a viewer, so that role has no group.
        for role, description in GROUPS.items():
            cognito.UserPoolGroup(
                self, f"Group-{role}", user_pool=pool, group_name=role, description=description
            )
        return pool


def _add_client(pool: cognito.UserPool, dashboard_url: str) -> cognito.UserPoolClient:
    """The dashboard's client. Its users may change nothing of themselves that anything reads."""
    scopes = cognito.OAuthScope
    client = pool.add_client(
        "Dashboard",
        generate_secret=False,  # a browser cannot keep one; PKCE takes its place
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            # The last one lets people enrol a second factor, and the authorizer ask for a token.
            scopes=[scopes.OPENID, scopes.EMAIL, scopes.COGNITO_ADMIN],
            callback_urls=[dashboard_url],
            logout_urls=[dashboard_url],
        ),
        supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
        prevent_user_existence_errors=True,
        # Without any, all would be writable: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
        write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
        read_attributes=cognito.ClientAttributes().with_standard_attributes(
            email=True, email_verified=True
        ),
        enable_token_revocation=True,
        access_token_validity=Duration.minutes(15),
        id_token_validity=Duration.minutes(15),
        refresh_token_validity=Duration.days(1),
    )
    cfn_client = client.node.default_child
    if not isinstance(cfn_client, cognito.CfnUserPoolClient):
        raise TypeError(f"{client.node.path} is not a client of this app")
    # Passwords go to the hosted pages alone. CDK leaves the list out, and Cognito would then allow
    # passwords by SRP as well.
    cfn_client.explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH"]
    return client


def _domain_prefix(stage: StageConfig) -> str:
    return f"visionflow-{stage.name}-{Aws.ACCOUNT_ID}"
