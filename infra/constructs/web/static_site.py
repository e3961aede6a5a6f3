"""The dashboard's bucket, and CloudFront before it where there is a CloudFront."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.nag import acknowledge

ENGINE = "engine/*"
"""The files of the site that classify on the device."""

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "credentialless",
}
"""Headers of page and engine by which browsers let its threads share memory: no window of another
origin may hold this page, and what it shows of other origins is asked for without cookies.
https://web.dev/articles/coop-coep"""


def content_security_policy(
    *,
    api: str,
    images: Sequence[s3.IBucket],
    models: s3.IBucket,
    sign_in: Sequence[str],
) -> str:
    """What the page may load. ``api`` is the API's URL, ``images`` the buckets that it sends images
    to and shows them from, ``sign_in`` the hosts of the sign-in."""
    return security_policy(
        api=api,
        images=" ".join(f"https://{bucket.bucket_regional_domain_name}" for bucket in images),
        reports=f"https://{models.bucket_regional_domain_name}",
        sign_in=" ".join(f"https://{host}" for host in sign_in),
    )


def security_policy(*, api: str, images: str, reports: str, sign_in: str) -> str:
    """The page may load its own files, and no code from elsewhere.

    It calls the API and the sign-in, sends images to the buckets of images and of datasets, and
    shows images from presigned URLs of those and of the models' (a report's test images), from its
    own memory (`blob:`, an image before it is sent) and from the API's answer (`data:`, the
    heatmap and a report's examples).
    """
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": f"'self' blob: data: {images} {reports}",
        "connect-src": f"'self' {api} {images} {sign_in}",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return _policy(directives)


def engine_policy(models: s3.IBucket) -> str:
    """What the engine may load. ``models`` is the bucket of its models."""
    return engine_security_policy(models=f"https://{models.bucket_regional_domain_name}")


def engine_security_policy(*, models: str) -> str:
    """The engine's worker, which has the policy of its own file and not the page's, may compile
    WebAssembly, start threads of its own files, and download models by presigned URLs."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "connect-src": f"'self' {models}",
        "worker-src": "'self'",
        "frame-ancestors": "'none'",
    }
    return _policy(directives)


def _policy(directives: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


class StaticSite(Construct):
    """A distribution that alone may read the site's private bucket.

    Attributes:
        origin: scheme and host, as a browser names the page to the API.
        url: where people open the site.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        access_logs: s3.IBucket,
        security_policy: str,
        engine_policy: str,
    ) -> None:
        super().__init__(scope, construct_id)
        control = cloudfront.S3OriginAccessControl(
            self, "OriginAccessControl", origin_access_control_name=_name_of_region(self)
        )
        files = origins.S3BucketOrigin.with_origin_access_control(
            bucket, origin_access_control=control
        )

        def served(name: str, policy: str) -> cloudfront.BehaviorOptions:
            return cloudfront.BehaviorOptions(
                origin=files,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=_security_headers(self, name, policy),
            )

        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_root_object="index.html",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_200,
            default_behavior=served("SecurityHeaders", security_policy),
            additional_behaviors={ENGINE: served("EngineHeaders", engine_policy)},
            log_bucket=access_logs,
            log_file_prefix="cloudfront/",
        )
        self.origin = f"https://{self.distribution.distribution_domain_name}"
        self.url = f"{self.origin}/"
        for rule, reason in {
            "CFR1": "The page is static, and the API asks for a sign-in.",
            "CFR2": "A web application firewall is paid for while idle and guards static files.",
            "CFR4": "CloudFront's own domain has no other certificate; a custom domain brings one.",
        }.items():
            acknowledge(self.distribution, f"AwsSolutions-{rule}", reason=reason)


def _name_of_region(scope: Construct, name: str = "") -> str:
    """For what CloudFront wants a name of and keeps in no region: one stage may be in several."""
    return f"{Stack.of(scope).stack_name}{name}-{Aws.REGION}"


def _security_headers(
    scope: Construct, construct_id: str, security_policy: str
) -> cloudfront.ResponseHeadersPolicy:
    # The page's has been there before, and CloudFront renames none in place.
    name = "" if construct_id == "SecurityHeaders" else f"-{construct_id}"
    custom = {"Permissions-Policy": "camera=(self), geolocation=(), microphone=()", **ISOLATION}
    return cloudfront.ResponseHeadersPolicy(
        scope,
        construct_id,
        response_headers_policy_name=_name_of_region(scope, name),
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=security_policy, override=True
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=Duration.days(365),
                include_subdomains=True,
                override=True,
            ),
        ),
        custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
            custom_headers=[
                cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
                for header, value in custom.items()
            ]
        ),
    )
