"""Environment of the authorizer."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class AuthorizerSettings(EnvSettings):
    """The table of API keys, and whose tokens count: ``issuer`` is the user pool's address,
    ``client_id`` its client for the page."""

    keys_table: str
    issuer: str
    client_id: str
