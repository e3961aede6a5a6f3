"""Who holds a token, by what the user pool knows now: the verified name and the second factor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.authorizer.tokens import Token
from visionflow.access.caller import Caller
from visionflow.errors import NotSignedInError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

# How long somebody whom an admin has disabled, or who has signed out, can go on.
REMEMBERED_S = 60.0
MOST_REMEMBERED = 1000
APP = "SOFTWARE_TOKEN_MFA"


@dataclass(frozen=True)
class _Seen:
    caller: Caller
    at: float


class People:
    """Asks the user pool about a token, once a minute for each.

    The pool answers for its own tokens without any right of the function, and refuses one that was
    revoked, or whose holder is disabled or deleted.
    """

    def __init__(self, client: "CognitoIdentityProviderClient", clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def holder(self, token: Token) -> Caller:
        """Raises `NotSignedInError` for a token that the pool does not accept any more."""
        seen = self._seen.get(token.id)
        if seen is not None and self._clock() - seen.at < REMEMBERED_S:
            return seen.caller
        caller = self._ask(token)
        while len(self._seen) >= MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[token.id] = _Seen(caller, self._clock())
        return caller

    def _ask(self, token: Token) -> Caller:
        refused = self._client.exceptions
        try:
            user = self._client.get_user(AccessToken=token.text)
        except (
            refused.NotAuthorizedException,
            refused.PasswordResetRequiredException,
            refused.UserNotConfirmedException,
            refused.UserNotFoundException,
        ) as error:
            raise NotSignedInError(f"The user pool refuses the token ({error}).") from error
        about = {item["Name"]: item.get("Value", "") for item in user["UserAttributes"]}
        verified = about.get("email_verified") == "true"
        return Caller.person(
            token.sub,
            about["email"] if verified and about.get("email") else token.username,
            token.groups,
            second_factor=APP in user.get("UserMFASettingList", ()),
        )
