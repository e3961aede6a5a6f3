"""``visionflow users``: people who sign in to a stage on AWS, by the user's own credentials.

Through the user pool and not the API: before the first admin there is nobody whom it would obey.
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import boto3

from infra.cli.command_line import STAGES_ON_AWS, add_command
from infra.cli.endpoints import endpoints, stack_output
from infra.errors import CommandError
from training.cli.options import Commands, add_group, answer
from training.texts.terminal import say
from visionflow.access.roles import ROLES, Role

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

# `admin` is what people call that role; who is signed in is a viewer without any group.
ROLE_NAMES: Final[Mapping[str, Role]] = {"admin": "model-admin", **{role: role for role in ROLES}}
# Of somebody who was invited and has not chosen a password.
_NOT_SIGNED_IN = "FORCE_CHANGE_PASSWORD"
_Mail = Literal["sent", "sent again", "not needed"]


@dataclass(frozen=True)
class Person:
    """Who may sign in. ``invitation`` says whether this command sent the mail."""

    email: str
    roles: tuple[Role, ...]
    invitation: _Mail
    url: str


def add_parsers(commands: Commands) -> None:
    users = add_group(commands, "users", "Invite the people who sign in.")
    summary = "Invite somebody by e-mail, or give another role to somebody who is there."
    add = add_command(users, "add", _add, summary, stages=STAGES_ON_AWS)
    add.add_argument("email", metavar="EMAIL", help="address that they sign in with")
    add.add_argument(
        "--role",
        dest="roles",
        action="append",
        choices=tuple(ROLE_NAMES),
        default=[],
        help="what they may do besides viewing; may be given more than once (default: viewer)",
    )


def _add(arguments: argparse.Namespace) -> int:
    email = arguments.email.strip()
    name, _, host = email.partition("@")
    if not (name and host):
        raise CommandError(f"{arguments.email!r} is not an e-mail address.")
    roles: set[Role] = {"viewer", *(ROLE_NAMES[name] for name in arguments.roles)}
    stage = endpoints(arguments)
    pool = stack_output(arguments.stage, "Service", "UserPoolId")
    url = stack_output(arguments.stage, "Dashboard", "DashboardUrl")
    people = People(boto3.client("cognito-idp"), pool)
    with stage.change("users add", email) as outcome:
        sent = people.invite(email)
        people.give(email, roles)
        held = tuple(role for role in ROLES if role in roles)
        outcome.details = {"roles": list(held), "invitation": sent}
    person = Person(email, held, sent, url)
    answer(arguments, person, lambda: _print(person))
    return 0


def _print(person: Person) -> None:
    roles = ", ".join(person.roles)
    say(
        f"{person.email} could sign in already; now also: {roles}. No mail was sent."
        if person.invitation == "not needed"
        else f"The invitation to {person.email} ({roles}) is {person.invitation}, with a temporary "
        "password."
    )
    say(f"The page: {person.url}")
    if "model-admin" in person.roles:
        say("An admin's rights begin when they have enrolled an authenticator app on the page.")


class People:
    """The users of one pool."""

    def __init__(self, client: "CognitoIdentityProviderClient", pool: str) -> None:
        self._client = client
        self._pool = pool

    def invite(self, email: str) -> _Mail:
        """Make the user, with a mail that holds a temporary password. Whoever has not signed in yet
        gets another mail, whose password replaces the first; whoever has gets none.

        Raises `CommandError` for somebody whom an admin has disabled.
        """
        try:
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=email,
                UserAttributes=_verified(email),
                # The default is SMS, which the pool is not set up for.
                DesiredDeliveryMediums=["EMAIL"],
            )
        except self._client.exceptions.UsernameExistsException:
            return self._invite_again(email)
        return "sent"

    def _invite_again(self, email: str) -> _Mail:
        user = self._client.admin_get_user(UserPoolId=self._pool, Username=email)
        if not user["Enabled"]:
            raise CommandError(
                f"{email} is disabled; 'aws cognito-idp admin-enable-user --user-pool-id "
                f"{self._pool} --username {email}' ends that."
            )
        about = {item["Name"]: item.get("Value") for item in user["UserAttributes"]}
        if about.get("email_verified") != "true":
            # Without it they could not reset a forgotten password.
            self._client.admin_update_user_attributes(
                UserPoolId=self._pool,
                Username=email,
                UserAttributes=_verified(about.get("email") or email),
            )
        if user["UserStatus"] != _NOT_SIGNED_IN:
            return "not needed"
        self._client.admin_create_user(
            UserPoolId=self._pool,
            Username=email,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )
        return "sent again"

    def give(self, email: str, roles: Iterable[Role]) -> None:
        """Add the user to the groups of ``roles``; it is no error where they are in one already."""
        for role in ROLES:
            if role in roles and role != "viewer":
                self._client.admin_add_user_to_group(
                    UserPoolId=self._pool, Username=email, GroupName=role
                )


def _verified(email: str) -> "list[AttributeTypeTypeDef]":
    return [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
