"""The page: who may read it, and what it may load."""

from tests.infra.conftest import Templates


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
    behavior = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    assert on_aws.text(behavior["ResponseHeadersPolicyId"]) == "DashboardSecurityHeaders"


def test_the_security_headers_are_strict(on_aws: Templates) -> None:
    (policy,) = on_aws.properties("AWS::CloudFront::ResponseHeadersPolicy").values()
    headers = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ContentTypeOptions"]["Override"] is True
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


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
    (headers,) = on_aws.properties("AWS::CloudFront::ResponseHeadersPolicy").values()
    custom = headers["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    (permissions,) = (item for item in custom if item["Header"] == "Permissions-Policy")
    assert "camera=(self)" in permissions["Value"]


def test_the_local_page_comes_straight_from_its_bucket(local: Templates) -> None:
    assert not {kind for kind in local.kinds() if kind.startswith("AWS::CloudFront")}
    (policy,) = local.properties("AWS::S3::BucketPolicy", "Dashboard").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Principal"] == {"AWS": "*"}
    assert local.text(statement["Resource"]) == "Site/*"


def _content_security_policy(templates: Templates) -> dict[str, list[str]]:
    (policy,) = templates.properties("AWS::CloudFront::ResponseHeadersPolicy").values()
    headers = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text = templates.text(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    directives = [directive.split() for directive in text.split("; ")]
    return {name: sources for name, *sources in directives}
