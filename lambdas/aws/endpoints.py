"""Where a service of a region answers."""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lambdas.aws import credentials

# What Lambda's environment does not have unless somebody sets it, and these clients do not heed.
_SETTINGS = (
    *("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
    *("AWS_DEFAULTS_MODE", "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"),
    "AWS_CREDENTIAL_EXPIRATION",
)
# The partitions that are one host name each. In others boto3 knows the way.
_SUFFIXES = (
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+"), "amazonaws.com"),
    (re.compile(r"cn-[a-z]+-\d+"), "amazonaws.com.cn"),
    (re.compile(r"us-gov-[a-z]+-\d+"), "amazonaws.com"),
)


@dataclass(frozen=True)
class Endpoint:
    """``given``: by the environment, as an emulator's is; not what AWS calls its own."""

    secure: bool
    host: str
    port: int | None
    given: bool

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def region() -> str:
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or ""


def is_plain() -> bool:
    """Whether this is a function of Lambda as Lambda sets it up, in a partition that is known here.
    Everything else (profiles, proxies, FIPS, another partition) is for boto3."""
    given = "AWS_ACCESS_KEY_ID" in os.environ or credentials.URI in os.environ
    return (
        "AWS_LAMBDA_FUNCTION_NAME" in os.environ
        and given
        and not any(os.environ.get(name) for name in _SETTINGS)
        and _suffix(region()) is not None
    )


def endpoint_of(service: str) -> Endpoint:
    """``service``: s3 or dynamodb. What the environment names comes first."""
    names = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    address = None if ignored else next(filter(None, map(os.environ.get, names)), None)
    if address is None:
        return Endpoint(True, f"{service}.{region()}.{_suffix(region())}", None, given=False)
    url = urlsplit(address)
    return Endpoint(url.scheme == "https", url.hostname or "", url.port, given=True)


def _suffix(name: str) -> str | None:
    return next((suffix for known, suffix in _SUFFIXES if known.fullmatch(name)), None)
