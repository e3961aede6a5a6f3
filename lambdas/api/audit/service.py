"""Pages of the audit trail."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from lambdas.api.resources import Resources
from lambdas.web.parameters import MAX_DAYS, whole_days
from visionflow.access.audit import AuditEntry, AuditLog
from visionflow.timestamps import timestamp


@dataclass(frozen=True)
class AuditPage:
    """Changes, the latest first. A null ``next_cursor``: there is nothing older in this time."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class AuditService:
    """Reads the trail; nothing but the change itself writes it."""

    log: AuditLog

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.audit)

    def page(
        self, since: str | None, until: str | None, limit: int, cursor: str | None, now: datetime
    ) -> AuditPage:
        """Changes from ``since`` to ``until``; by default of the year that ends ``now``.

        Raises `InvalidParameterError` for times in the wrong order or over `MAX_DAYS` days apart,
        and `InvalidCursorError`.
        """
        until = until or timestamp(now)
        if since is None:
            since = timestamp(datetime.fromisoformat(until) - timedelta(days=MAX_DAYS - 1))
        whole_days(since, until)
        page = self.log.page(since, until, limit, cursor)
        return AuditPage(page.items, page.next_cursor)
