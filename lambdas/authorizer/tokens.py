"""Access tokens of the user pool: signature, issuer, client, purpose and time.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import jwt
import urllib3

from visionflow.errors import NotSignedInError, PlatformError

JWKS_PATH = "/.well-known/jwks.json"
# An unknown key may be a new one of the pool, or anybody's invention.
REFETCH_AFTER_S = 60.0
# A key that the pool has given up is accepted no longer than this.
RENEW_AFTER_S = 3600.0

Fetch = Callable[[], bytes]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Token:
    """What a valid access token says."""

    text: str
    id: str
    sub: str
    username: str
    groups: tuple[str, ...]


class Signers:
    """The pool's public keys, fetched when they are needed and no more often than once a minute."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None

    def key(self, key_id: str) -> jwt.PyJWK:
        """Raises `NotSignedInError` for a key that the pool does not have."""
        age = None if self._fetched_at is None else self._clock() - self._fetched_at
        known = key_id in self._keys
        if age is None or age >= RENEW_AFTER_S or (not known and age >= REFETCH_AFTER_S):
            self._renew()
        if key_id not in self._keys:
            raise NotSignedInError("The token is signed by a key that the user pool does not have.")
        return self._keys[key_id]

    def _renew(self) -> None:
        try:
            keys = jwt.PyJWKSet.from_dict(json.loads(self._fetch())).keys
        except (urllib3.exceptions.HTTPError, ValueError, jwt.PyJWTError) as error:
            raise PlatformError("The user pool's keys cannot be read.") from error
        self._keys = {key.key_id: key for key in keys if key.key_id is not None}
        self._fetched_at = self._clock()


@dataclass(frozen=True)
class Tokens:
    """Reads tokens of one client of one user pool."""

    issuer: str
    client_id: str
    signers: Signers

    def read(self, text: str) -> Token:
        """Raises `NotSignedInError` for anything but a valid access token of the page."""
        try:
            key = self.signers.key(str(jwt.get_unverified_header(text).get("kid")))
            claims = jwt.decode(
                text,
                key,
                algorithms=["RS256"],
                issuer=self.issuer,
                # Clocks differ by seconds, and a token is used as soon as it is made.
                options={
                    "require": ["exp", "iss", "sub", "jti"],
                    "verify_aud": False,  # an access token has none
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, RecursionError) as error:
            raise NotSignedInError(f"The token is not valid ({error}).") from error
        if claims.get("token_use") != "access":
            raise NotSignedInError("The token is not an access token.")
        if claims.get("client_id") != self.client_id:
            raise NotSignedInError("The token was made for another client.")
        groups = claims.get("cognito:groups") or []
        return Token(
            text=text,
            id=str(claims["jti"]),
            sub=str(claims["sub"]),
            username=str(claims.get("username") or claims["sub"]),
            groups=tuple(str(group) for group in groups) if isinstance(groups, list) else (),
        )


def fetch_from(issuer: str) -> Fetch:
    """Reads the public keys of the pool at ``issuer``."""
    http = urllib3.PoolManager(timeout=urllib3.Timeout(2.0), retries=2)

    def fetch() -> bytes:
        answer = http.request("GET", issuer + JWKS_PATH)
        if answer.status != 200:
            raise urllib3.exceptions.HTTPError(f"{answer.status} for the user pool's keys")
        return answer.data

    return fetch
