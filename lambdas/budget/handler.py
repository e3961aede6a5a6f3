"""Lambda entry point of the budget topic, and of the schedule that begins a month."""

import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.budget.service import BudgetService
from lambdas.budget.settings import BudgetFunctionSettings
from lambdas.outcomes import status_of
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.access.audit import AuditLog
from visionflow.access.budget import order_in

# By whom, in the audit trail.
BUDGET = "the month's budget"


@lru_cache
def service() -> BudgetService:
    return BudgetService.build(BudgetFunctionSettings.from_env(os.environ))


@lru_cache
def audit() -> AuditLog:
    table = BudgetFunctionSettings.from_env(os.environ).audit_table
    return AuditLog(table, clients.dynamodb())


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Whatever is raised makes Lambda try again, twice."""
    if "Records" not in event:
        logger.warning("a month begins")
        service().begin_month()
        return
    for record in event["Records"]:
        message = str(record["Sns"]["Message"])
        order = order_in(message)
        logger.warning("budget", extra={"order": order, "said": message})
        with audit().change(BUDGET, BUDGET, f"budget {order}", "", status_of) as outcome:
            outcome.details["said"] = message
            service().obey(order, datetime.now(UTC))
