"""Admins' groups: API keys of programs, and hooks that tell other systems."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from visionflow.client import answers
from visionflow.client.connection import filled
from visionflow.client.routes.group import Group


class Keys(Group):
    def list(self) -> tuple[answers.ApiKey, ...]:
        return self.get(answers.KeyPage, "/keys").items

    def create(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        requests_per_minute: int | None = None,
        requests_per_month: int | None = None,
        expires_in_days: int | None = None,
    ) -> answers.NewKey:
        """Make a key; its text is in this answer alone, so a lost answer's key is to be revoked."""
        wanted = {
            "name": name,
            "scopes": [*scopes],
            "requests_per_minute": requests_per_minute,
            "requests_per_month": requests_per_month,
            "expires_in_days": expires_in_days,
        }
        return self.post(answers.NewKey, "/keys", wanted)

    def revoke(self, prefix: str) -> answers.ApiKey:
        """Refuse a key from now on. Raises `NotFoundError`."""
        return self.delete(answers.ApiKey, filled("/keys/{}", prefix))


class HookRule(TypedDict, total=False):
    """Which events go to the hook; what is left out is not looked at."""

    kinds: Sequence[str]
    labels: Sequence[str]
    statuses: Sequence[str]
    sources: Sequence[str]
    models: Sequence[str]
    confidence_at_least: float
    confidence_below: float


class Hooks(Group):
    def list(self) -> answers.HookPage:
        """All hooks, and how many deliveries wait or were given up."""
        return self.get(answers.HookPage, "/hooks")

    def create(self, name: str, target: str, **rule: Unpack[HookRule]) -> answers.NewHook:
        """Tell ``target`` (a webhook's https:// address, mailto: or a queue). The secret that signs
        is in this answer alone. Raises `ConflictError` for a name that is taken."""
        return self.post(answers.NewHook, "/hooks", {"name": name, "target": target, **rule})

    def remove(self, name: str) -> answers.HookState:
        return self.delete(answers.HookState, filled("/hooks/{}", name))

    def replace_secret(self, name: str) -> answers.HookSecret:
        return self.post(answers.HookSecret, filled("/hooks/{}/secret", name))

    def test(self, name: str) -> answers.HookTry:
        """Send a test event."""
        return self.post(answers.HookTry, filled("/hooks/{}/test", name))

    def replay(self, name: str) -> answers.HookReplay:
        """Send some of what was given up again; the answer says whether any is left."""
        return self.post(answers.HookReplay, filled("/hooks/{}/replay", name))
