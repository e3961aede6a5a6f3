"""A user pool by moto, the authorizer before the functions, and API Gateway between the two."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import jwt
import pytest
import requests
from moto.utilities.utils import load_resource

import lambdas.authorizer.handler
from lambdas.authorizer.settings import AuthorizerSettings
from lambdas.authorizer.tokens import JWKS_PATH, Fetch
from tests.integration.conftest import Answer, Cloud, Context
from visionflow.access.keys import KeyStore

PASSWORD = "Correct-horse-7-battery"
REGION = "eu-central-1"


class UserPool:
    """People whose tokens Cognito has signed."""

    def __init__(self) -> None:
        self.client = boto3.client("cognito-idp")
        self.id = self._make("members")
        self.client_id = self._make_client(self.id)
        self.issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}"

    def _make(self, name: str) -> str:
        made = self.client.create_user_pool(PoolName=name, UsernameAttributes=["email"])
        return made["UserPool"]["Id"]

    def _make_client(self, pool: str) -> str:
        made = self.client.create_user_pool_client(UserPoolId=pool, ClientName="page")
        return made["UserPoolClient"]["ClientId"]

    def add(self, email: str, *groups: str, verified: bool = True) -> None:
        self.client.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": str(verified).lower()},
            ],
        )
        self.client.admin_set_user_password(
            UserPoolId=self.id, Username=email, Password=PASSWORD, Permanent=True
        )
        for group in groups:
            with suppress(self.client.exceptions.GroupExistsException):
                self.client.create_group(UserPoolId=self.id, GroupName=group)
            self.client.admin_add_user_to_group(UserPoolId=self.id, Username=email, GroupName=group)

    def sign_in(self, email: str) -> dict[str, str]:
        """Tokens by their names, such as ``AccessToken``."""
        answer: Any = self.client.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return {name: str(value) for name, value in answer.items()}

    def enrol(self, token: str) -> None:
        """Turn the second factor on, as the page does."""
        self.client.associate_software_token(AccessToken=token)
        self.client.verify_software_token(AccessToken=token, UserCode="123456")
        self.client.set_user_mfa_preference(
            AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
        )

    @cached_property
    def private_key(self) -> jwt.PyJWK:
        return jwt.PyJWK.from_dict(load_resource("cognitoidp/resources/jwks-private.json"))

    def altered(self, token: str, **claims: object) -> str:
        """The token with other claims, signed as the pool signs; None leaves a claim out."""
        found = jwt.decode(token, options={"verify_signature": False}) | claims
        kept = {name: value for name, value in found.items() if value is not None}
        return jwt.encode(kept, self.private_key.key, "RS256", {"kid": "dummy"})


@dataclass(frozen=True)
class Gateway:
    """API Gateway: 401 without a header, 403 where the authorizer says no, else the function."""

    cloud: Cloud
    pool: UserPool
    keys: KeyStore

    def identify(self, authorization: str) -> dict[str, Any]:
        """The authorizer's answer."""
        event = {"version": "2.0", "type": "REQUEST", "identitySource": [authorization]}
        answer = lambdas.authorizer.handler.lambda_handler(event, Context())
        # API Gateway takes JSON, whose context has texts alone.
        found: dict[str, Any] = json.loads(json.dumps(answer))
        assert isinstance(found["isAuthorized"], bool)
        assert all(isinstance(value, str) for value in found.get("context", {}).values())
        return found

    def call(
        self,
        method: str,
        path: str,
        authorization: str | None,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        public: bool = False,
    ) -> Answer:
        context: Mapping[str, str] | None = None
        if not public:
            if authorization is None:
                return Answer(401, "application/json", {"message": "Unauthorized"}, {})
            found = self.identify(authorization)
            if not found["isAuthorized"]:
                return Answer(403, "application/json", {"message": "Forbidden"}, {})
            context = found["context"]
        return self.cloud.call(method, path, dict(query or {}), body, identified=context)


@contextmanager
def gateway_of(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A stage where people sign in."""
    pool = UserPool()
    settings = AuthorizerSettings("keys", pool.issuer, pool.client_id)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VISIONFLOW_REQUIRES_SIGN_IN", "1")
    # moto answers those who ask by `requests` and by boto3.
    monkeypatch.setattr("lambdas.authorizer.service.fetch_from", _fetch_from)
    yield Gateway(cloud, pool, KeyStore("keys", cloud.dynamodb))
    lambdas.authorizer.handler.service.cache_clear()


def _fetch_from(issuer: str) -> Fetch:
    def fetch() -> bytes:
        return requests.get(issuer + JWKS_PATH, timeout=5).content

    return fetch
