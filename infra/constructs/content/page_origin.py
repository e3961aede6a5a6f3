"""The page that may call the API from a browser."""

from aws_cdk import Aws
from constructs import Construct

from infra.constructs.content.aws_caller import AwsCaller
from infra.constructs.permissions import allow
from infra.constructs.web.http_api import ApiAddress
from lambdas.web.routes import HEAD, ROUTES

_HEADERS = ("authorization", "content-type", "idempotency-key")
_EXPOSED = ("retry-after",)
_PREFLIGHT_SECONDS = 3600


class PageOrigin(Construct):
    """The API's CORS rule, set when both the API and the page exist.

    The page's security policy names the API, so in a template the API cannot name the page.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        address: ApiAddress,
        origin: str,
        caller: AwsCaller,
    ) -> None:
        super().__init__(scope, construct_id)
        api = f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}::/apis/{address.api_id}"
        allow(caller.role, "apigateway:PATCH", on=[api])
        caller.call(
            self,
            "Cors",
            resource=address.api_id,
            service="ApiGatewayV2",
            action="UpdateApi",
            parameters={
                "ApiId": address.api_id,
                "CorsConfiguration": {
                    "AllowOrigins": [origin],
                    "AllowMethods": sorted({HEAD, *(route.method for route in ROUTES)}),
                    "AllowHeaders": list(_HEADERS),
                    "ExposeHeaders": list(_EXPOSED),
                    "MaxAge": _PREFLIGHT_SECONDS,
                },
            },
        )
