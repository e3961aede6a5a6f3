"""The routes of costs and of the budget."""

from datetime import UTC, datetime, timedelta

from lambdas.api.costs.service import Costs, CostService
from lambdas.api.endpoints import Endpoints, Request
from visionflow.access.budget import BudgetState

endpoints = Endpoints(CostService.build)


@endpoints.add("GET", "/costs", "from", "to")
def costs(service: CostService, request: Request) -> Costs:
    return service.of(*request.days(timedelta()), datetime.now(UTC))


@endpoints.add("POST", "/budget/resume")
def resume(service: CostService, _request: Request) -> BudgetState:
    return service.resume(datetime.now(UTC))
