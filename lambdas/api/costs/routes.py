"""The routes of costs and of the budget."""

from datetime import UTC, datetime, timedelta

from lambdas.api.costs.month import MonthCost
from lambdas.api.costs.service import Costs, CostService
from lambdas.api.costs.viewer_days import Zone
from lambdas.api.endpoints import Endpoints, Request
from lambdas.web import parameters
from visionflow.access.budget import BudgetState

endpoints = Endpoints(CostService.build)


@endpoints.add("GET", "/costs", "from", "to", "offset")
def costs(service: CostService, request: Request) -> Costs:
    return service.of(*request.days(timedelta()), _zone(request), datetime.now(UTC))


@endpoints.add("GET", "/costs/month", "offset")
def month(service: CostService, request: Request) -> MonthCost:
    return service.month(_zone(request), request.caller, datetime.now(UTC))


@endpoints.add("POST", "/budget/resume")
def resume(service: CostService, _request: Request) -> BudgetState:
    return service.resume(datetime.now(UTC))


def _zone(request: Request) -> Zone:
    return Zone.of(parameters.whole_number("offset", request.query.get("offset")))
