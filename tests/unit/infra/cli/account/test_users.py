"""``visionflow users``: invitations by e-mail, and what a second call changes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from infra.cli import main
from infra.cli.account.users import ROLE_NAMES
from tests.jobs import make_pair_table
from tests.unit.infra.cli.test_endpoints import DATA, deploy
from visionflow.access.audit import AuditLog
from visionflow.timestamps import timestamp

EMAIL = "ines@example.com"
URL = "https://a.cloudfront.net/"


class Pool:
    """The user pool of stage ``dev``, and the users that were asked of it."""

    def __init__(self, *, names_are_addresses: bool) -> None:
        session = boto3.Session()
        self.asked: list[dict[str, Any]] = []
        session.events.register("provide-client-params.cognito-idp.AdminCreateUser", self._note)
        boto3.DEFAULT_SESSION = session
        self.client = boto3.client("cognito-idp")
        more: Any = {"UsernameAttributes": ["email"]} if names_are_addresses else {}
        made = self.client.create_user_pool(PoolName="people", **more)
        self.id = made["UserPool"]["Id"]
        for group in ("labeller", "model-admin", "spender"):
            self.client.create_group(UserPoolId=self.id, GroupName=group)
        deploy("Data", *DATA)
        deploy("Dashboard", DashboardUrl=URL)
        deploy("Service", UserPoolId=self.id)
        make_pair_table("a-AuditTable")

    def _note(self, params: dict[str, Any], **_: object) -> None:
        self.asked.append({name: params[name] for name in params if name != "UserPoolId"})

    def user(self) -> tuple[dict[str, str], list[str]]:
        """The attributes and the groups."""
        named: Any = {"UserPoolId": self.id, "Username": EMAIL}
        found: Any = self.client.admin_get_user(**named)
        groups = self.client.admin_list_groups_for_user(**named)["Groups"]
        about = {item["Name"]: item["Value"] for item in found["UserAttributes"]}
        return about, sorted(group["GroupName"] for group in groups)

    def signs_in(self) -> None:
        self.client.admin_set_user_password(
            UserPoolId=self.id, Username=EMAIL, Password="Correct-horse-7", Permanent=True
        )


@pytest.fixture
def pool(aws: None, monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    # moto answers a second mail to a pool of addresses with a second user.
    return Pool(names_are_addresses=False)


@pytest.fixture
def pool_of_addresses(aws: None, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """What a stage has."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return Pool(names_are_addresses=True)


def add(*more: str) -> int:
    return main.main(["users", "add", EMAIL, "--stage", "dev", *more])


@pytest.mark.parametrize("role", [None, *ROLE_NAMES])
def test_an_invitation_goes_by_e_mail_to_a_verified_address(
    pool_of_addresses: Pool, role: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("--json", *(("--role", role) if role else ())) == 0
    held = ["viewer", *({ROLE_NAMES[role]} - {"viewer"} if role else ())]
    about, groups = pool_of_addresses.user()
    assert (about["email"], about["email_verified"]) == (EMAIL, "true")
    assert groups == held[1:]
    (asked,) = pool_of_addresses.asked
    assert asked["DesiredDeliveryMediums"] == ["EMAIL"]
    # Cognito makes the temporary password, and sends the mail of the pool.
    assert {"TemporaryPassword", "MessageAction"}.isdisjoint(asked)
    said = {"email": EMAIL, "roles": held, "invitation": "sent", "url": URL}
    assert json.loads(capsys.readouterr().out) == said


def test_a_repeat_sends_another_mail_to_whoever_has_not_signed_in(
    pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add() == add("--role", "admin", "--role", "spender") == 0
    *_, again = pool.asked
    assert (again["MessageAction"], again["DesiredDeliveryMediums"]) == ("RESEND", ["EMAIL"])
    assert pool.user()[1] == ["model-admin", "spender"]
    assert "is sent again" in capsys.readouterr().out
    assert len(pool.client.list_users(UserPoolId=pool.id)["Users"]) == 1


def test_a_repeat_adds_a_role_and_keeps_the_password_of_whoever_has(
    pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("--role", "labeller") == 0
    pool.signs_in()
    assert add("--role", "admin") == add("--role", "admin") == 0
    assert pool.user()[1] == ["labeller", "model-admin"]
    assert [asked.get("MessageAction") for asked in pool.asked] == [None] * 3
    said = capsys.readouterr().out
    assert "No mail was sent" in said
    assert "authenticator app" in said


def test_an_address_that_somebody_made_by_hand_is_verified(pool: Pool) -> None:
    pool.client.admin_create_user(UserPoolId=pool.id, Username=EMAIL)
    pool.signs_in()
    assert add() == 0
    about, _ = pool.user()
    assert (about["email"], about["email_verified"]) == (EMAIL, "true")


def test_somebody_disabled_stays_so(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    assert add() == 0
    pool.client.admin_disable_user(UserPoolId=pool.id, Username=EMAIL)
    assert add("--role", "admin") == 1
    assert "is disabled" in capsys.readouterr().err
    assert pool.user()[1] == []


def test_the_audit_trail_says_who_gave_a_role(pool: Pool) -> None:
    assert add("--role", "admin") == 0
    log = AuditLog("a-AuditTable", boto3.client("dynamodb"))
    now = datetime.now(UTC)
    since, until = (timestamp(now + timedelta(days=days)) for days in (-1, 1))
    (entry,) = log.page(since, until, 10).items
    assert (entry.action, entry.subject, entry.status) == ("visionflow users add", EMAIL, 200)
    assert entry.details == {"roles": ["viewer", "model-admin"], "invitation": "sent"}


@pytest.mark.parametrize("email", ["ines", "@", "ines@", "@example.com"])
def test_what_is_not_an_address_is_refused_at_once(
    email: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["users", "add", email]) == 1
    assert "is not an e-mail address" in capsys.readouterr().err


def test_a_stage_of_an_earlier_version_is_to_be_deployed_again(
    aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy("Service", "ApiUrl")
    assert add() == 1
    assert "before it had an output UserPoolId; deploy it again" in capsys.readouterr().err
