"""Models: versions, what serves, and moves of the aliases."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TypeVar

from visionflow.client import answers
from visionflow.client.connection import filled
from visionflow.client.reading import read
from visionflow.client.routes.group import Group, When, moment

Rule = TypeVar("Rule", answers.RollbackRule, answers.PromotionRule)


class Models(Group):
    """A move is sent once: where its answer is lost, `list` says what serves. ``revision``, of
    `list`, refuses it where somebody moved an alias since."""

    def list(self) -> answers.ModelList:
        """All versions, and which of them serve."""
        return self.get(answers.ModelList, "/models")

    def get_version(self, version: str, *, report: bool = True) -> answers.ModelDetail:
        """One version, called ``name/version``, with its report. Raises `NotFoundError`."""
        return self.get(answers.ModelDetail, _path(version), report=report)

    def for_device(self, version: str) -> answers.DeviceModel:
        """What a device classifies with: settings, and URLs of the files for a while. Raises
        `NotFoundError`, and `ConflictError` for a version that may not serve."""
        return self.get(answers.DeviceModel, f"{_path(version)}/device")

    def history(self, *, alias: str | None = None) -> Iterator[answers.Move]:
        """Every move, the latest first."""
        return self.pages(answers.History, "/models/history", {"alias": alias})

    def served(self, at: When, *, alias: str | None = None) -> answers.Served:
        """What served at a moment."""
        return self.get(answers.Served, "/models/served", at=moment(at), alias=alias)

    def compare(
        self, versions: Sequence[str], *, since: When | None = None, until: When | None = None
    ) -> answers.ModelComparison:
        """What versions answered in some days."""
        period = {"from": moment(since), "to": moment(until)}
        return self.get(
            answers.ModelComparison, "/models/compare", models=",".join(versions), **period
        )

    def preview(
        self, move: str, version: str | None = None, *, percent: int | None = None
    ) -> answers.MovePreview:
        """What a move would change: ``promote``, ``canary``, ``shadow``, ``rollback``, ..."""
        asked = {"move": move, "model": version, "percent": percent}
        return self.get(answers.MovePreview, "/models/preview", **asked)

    def promote(
        self, version: str, *, reason: str | None = None, revision: int | None = None
    ) -> answers.Moved:
        """Let a version serve. Raises `ConflictError`."""
        return self._move(f"{_path(version)}/promote", reason=reason, revision=revision)

    def canary(
        self,
        version: str,
        percent: int,
        *,
        reason: str | None = None,
        revision: int | None = None,
    ) -> answers.Moved:
        """Let a version answer some of the images. Raises `ConflictError`."""
        path = f"{_path(version)}/canary"
        return self._move(path, percent=percent, reason=reason, revision=revision)

    def shadow(
        self, version: str, *, reason: str | None = None, revision: int | None = None
    ) -> answers.Moved:
        """Let a version answer beside what serves, for counters alone. Raises `ConflictError`."""
        return self._move(f"{_path(version)}/shadow", reason=reason, revision=revision)

    def retire(
        self, version: str, *, reason: str | None = None, revision: int | None = None
    ) -> answers.Moved:
        """Let a version never serve again. Raises `ConflictError`."""
        return self._move(f"{_path(version)}/retire", reason=reason, revision=revision)

    def roll_back(self, *, reason: str | None = None, revision: int | None = None) -> answers.Moved:
        """Let the version before serve again. Raises `ConflictError`."""
        return self._move("/models/rollback", reason=reason, revision=revision)

    def end_canary(
        self, *, reason: str | None = None, revision: int | None = None
    ) -> answers.Moved:
        return self._end("/models/canary", reason=reason, revision=revision)

    def end_shadow(
        self, *, reason: str | None = None, revision: int | None = None
    ) -> answers.Moved:
        return self._end("/models/shadow", reason=reason, revision=revision)

    def rollback_rule(self) -> answers.RollbackRule:
        """When a canary is rolled back without a person."""
        return self.get(answers.RollbackRule, "/models/rule")

    def set_rollback_rule(self, rule: answers.RollbackRule) -> answers.RollbackRule:
        return self._set("/models/rule", rule)

    def promotion_rule(self) -> answers.PromotionRule:
        """When a version is promoted without a person."""
        return self.get(answers.PromotionRule, "/models/promotion-rule")

    def set_promotion_rule(self, rule: answers.PromotionRule) -> answers.PromotionRule:
        return self._set("/models/promotion-rule", rule)

    def _set(self, path: str, rule: Rule) -> Rule:
        found = self.connection.send("POST", path, body=asdict(rule), repeatable=True)
        return read(type(rule), found)

    def _end(self, path: str, **query: object) -> answers.Moved:
        return self.delete(answers.Moved, path, query, repeatable=False)

    def _move(self, path: str, **body: object) -> answers.Moved:
        return self.post(answers.Moved, path, body)


def _path(version: str) -> str:
    """Of ``name/version``, whose parts alone are quoted."""
    return filled("/models/{}/{}", *version.partition("/")[::2])
