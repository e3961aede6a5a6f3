"""Who sends a request, by its ``Authorization`` header: a person's token or a program's API key."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from lambdas import clients
from lambdas.authorizer.people import People
from lambdas.authorizer.settings import AuthorizerSettings
from lambdas.authorizer.tokens import Signers, Tokens, fetch_from
from lambdas.telemetry.log import logger
from visionflow.access.caller import Caller
from visionflow.access.keys import USE_PRECISION, KeyStore
from visionflow.errors import NotSignedInError

_KEY_START = "vf_"


@dataclass(frozen=True)
class Authorizer:
    """Identifies callers; what they may do, the functions decide by the table of routes."""

    tokens: Tokens
    people: People
    keys: KeyStore
    _noted: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def build(cls, settings: AuthorizerSettings) -> Self:
        signers = Signers(fetch_from(settings.issuer), time.monotonic)
        return cls(
            Tokens(settings.issuer, settings.client_id, signers),
            People(clients.cognito(), time.monotonic),
            KeyStore(settings.keys_table, clients.dynamodb()),
        )

    def identify(self, authorization: str, now: datetime) -> Caller:
        """Raises `NotSignedInError` for anybody unknown."""
        scheme, _, credential = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedInError("The header does not begin with Bearer.")
        if credential.startswith(_KEY_START):
            return self._program(credential, now)
        return self.people.holder(self.tokens.read(credential))

    def _program(self, text: str, now: datetime) -> Caller:
        key = self.keys.find(text, now)
        if now - self._noted.get(key.prefix, now - 2 * USE_PRECISION) >= USE_PRECISION:
            self._noted[key.prefix] = now
            try:
                self.keys.note_use(key.prefix, now)
            except (ClientError, BotoCoreError):
                # The key is good, whether or not its use is written down.
                logger.exception("last use not written", extra={"key": key.prefix})
        return key.caller
