"""The page: who may read it, and what it may load."""

from typing import Any

import pytest

from tests.infra.conftest import Templates

PAGE, ENGINE = "DashboardSecurityHeaders", "DashboardEngineHeaders"


def test_only_the_distribution_reads_the_bucket(on_aws: Templates) -> None:
    policies = on_aws.properties("AWS::S3::BucketPolicy", "Dashboard")
    statements = policies["SitePolicy"]["PolicyDocument"]["Statement"]
    readers = [s for s in statements if s["Effect"] == "Allow" and "s3:GetObject" in s["Action"]]
    (reader,) = (s for s in readers if "Service" in s["Principal"])
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    source = on_aws.text(reader["Condition"]["StringEquals"]["AWS:SourceArn"])
    assert source.endswith(":distribution/DashboardDistribution")
    assert not any(
        s["Principal"] in ("*", {"AWS": "*"}) for s in statements if s["Effect"] == "Allow"
    )


def test_the_origin_is_read_with_origin_access_control(on_aws: Templates) -> None:
    (control,) = on_aws.properties("AWS::CloudFront::OriginAccessControl").values()
    assert control["OriginAccessControlConfig"]["SigningBehavior"] == "always"
    (distribution,) = on_aws.properties("AWS::CloudFront::Distribution").values()
    (origin,) = distribution["DistributionConfig"]["Origins"]
    assert on_aws.text(origin["OriginAccessControlId"])
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}


def test_the_page_is_served_over_https_with_its_headers(on_aws: Templates) -> None:
    (distribution,) = on_aws.properties("AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    (engine,) = config["CacheBehaviors"]
    assert engine["PathPattern"] == "engine/*"
    for behavior, headers in ((config["DefaultCacheBehavior"], PAGE), (engine, ENGINE)):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        assert on_aws.text(behavior["ResponseHeadersPolicyId"]) == headers


@pytest.mark.parametrize("of", [PAGE, ENGINE])
def test_the_security_headers_are_strict(on_aws: Templates, of: str) -> None:
    headers = _headers(on_aws, of)["SecurityHeadersConfig"]
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ContentTypeOptions"]["Override"] is True
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


@pytest.mark.parametrize("of", [PAGE, ENGINE])
def test_threads_may_share_memory(on_aws: Templates, of: str) -> None:
    custom = _custom_headers(on_aws, of)
    assert custom["Cross-Origin-Opener-Policy"] == "same-origin"
    # Not `require-corp`: S3 answers images with no such header.
    assert custom["Cross-Origin-Embedder-Policy"] == "credentialless"


def test_the_engine_alone_may_compile_web_assembly(on_aws: Templates) -> None:
    engine = _content_security_policy(on_aws, ENGINE)
    assert engine["default-src"] == ["'none'"]
    assert engine["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert engine["worker-src"] == ["'self'"]
    assert engine["connect-src"] == ["'self'", "https://Models"]
    page = _content_security_policy(on_aws)
    assert not any("unsafe" in source for sources in page.values() for source in sources)


def test_the_page_loads_no_code_from_elsewhere(on_aws: Templates) -> None:
    policy = _content_security_policy(on_aws)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    sources = {source for directive in policy.values() for source in directive}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & sources


def test_the_page_reaches_the_api_the_images_and_the_sign_in(on_aws: Templates) -> None:
    policy = _content_security_policy(on_aws)
    stage = on_aws.stage.name
    assert policy["connect-src"] == [
        "'self'",
        "HttpApi",  # the API's URL, with its scheme
        "https://Images",
        "https://Datasets",
        f"https://visionflow-{stage}-AWS::AccountId.auth.AWS::Region.amazoncognito.com",
        "https://cognito-idp.AWS::Region.amazonaws.com",
    ]
    assert not any("*" in source for sources in policy.values() for source in sources)
    shown = {"'self'", "blob:", "data:", "https://Images", "https://Datasets", "https://Models"}
    assert set(policy["img-src"]) == shown


def test_the_page_may_be_installed_and_use_the_camera(on_aws: Templates) -> None:
    policy = _content_security_policy(on_aws)
    assert policy["manifest-src"] == policy["worker-src"] == ["'self'"]
    assert "camera=(self)" in _custom_headers(on_aws, PAGE)["Permissions-Policy"]


def test_the_local_page_comes_straight_from_its_bucket(local: Templates) -> None:
    assert not {kind for kind in local.kinds() if kind.startswith("AWS::CloudFront")}
    (policy,) = local.properties("AWS::S3::BucketPolicy", "Dashboard").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Principal"] == {"AWS": "*"}
    assert local.text(statement["Resource"]) == "Site/*"


def _headers(templates: Templates, of: str) -> dict[str, Any]:
    policy = templates.properties("AWS::CloudFront::ResponseHeadersPolicy")[of]
    headers: dict[str, Any] = policy["ResponseHeadersPolicyConfig"]
    return headers


def _custom_headers(templates: Templates, of: str) -> dict[str, str]:
    items = _headers(templates, of)["CustomHeadersConfig"]["Items"]
    return {item["Header"]: item["Value"] for item in items}


def _content_security_policy(templates: Templates, of: str = PAGE) -> dict[str, list[str]]:
    headers = _headers(templates, of)["SecurityHeadersConfig"]
    text = templates.text(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    directives = [directive.split() for directive in text.split("; ")]
    return {name: sources for name, *sources in directives}
