"""The route of the audit trail."""

from datetime import UTC, datetime

from lambdas.api.audit.service import AuditPage, AuditService
from lambdas.api.endpoints import Endpoints, Request

endpoints = Endpoints(AuditService.build)


@endpoints.add("GET", "/audit", "from", "to", "limit", "cursor")
def audit(service: AuditService, request: Request) -> AuditPage:
    since, until = request.moment("from"), request.moment("to")
    cursor = request.query.get("cursor")
    return service.page(since, until, request.limit(), cursor, datetime.now(UTC))
